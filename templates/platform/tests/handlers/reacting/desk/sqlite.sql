CREATE TABLE "card" (
    "id" TEXT PRIMARY KEY, "version" INTEGER NOT NULL,
    "created_at" TEXT NOT NULL, "updated_at" TEXT NOT NULL,
    "text" TEXT NOT NULL
) STRICT;
CREATE TABLE "book_copy" (
    "generation" INTEGER NOT NULL, "id" TEXT NOT NULL, "version" INTEGER NOT NULL,
    "created_at" TEXT NOT NULL, "updated_at" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    PRIMARY KEY ("generation", "id")
) WITHOUT ROWID, STRICT;
