CREATE TABLE "notice" (
    "id" TEXT PRIMARY KEY, "version" INTEGER NOT NULL,
    "created_at" TEXT NOT NULL, "updated_at" TEXT NOT NULL,
    "status" TEXT NOT NULL, "days" INTEGER NOT NULL, "term" TEXT NOT NULL
) STRICT;
-- A column that rows of before lack.
CREATE TABLE "notice__line" (
    "id" TEXT NOT NULL,
    "_parent" TEXT NOT NULL REFERENCES "notice" ("id") ON DELETE CASCADE,
    "_position" INTEGER NOT NULL,
    "text" TEXT NOT NULL, "added" TEXT,
    PRIMARY KEY ("_parent", "id")
) STRICT;
CREATE INDEX "notice_by_status_idx" ON "notice" ("status");
