CREATE TABLE "card" (
    "id" TEXT PRIMARY KEY, "version" INTEGER NOT NULL,
    "created_at" TEXT NOT NULL, "updated_at" TEXT NOT NULL,
    "text" TEXT NOT NULL
) STRICT;
CREATE TABLE "book_copy" (
    "_generation" INTEGER NOT NULL, "id" TEXT NOT NULL, "version" INTEGER NOT NULL,
    "created_at" TEXT NOT NULL, "updated_at" TEXT NOT NULL,
    "title" TEXT NOT NULL, "facts" TEXT,
    PRIMARY KEY ("_generation", "id")
) WITHOUT ROWID, STRICT;
