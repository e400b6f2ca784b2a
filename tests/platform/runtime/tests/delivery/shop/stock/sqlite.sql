CREATE TABLE "items" (
    "id" TEXT PRIMARY KEY, "version" INTEGER NOT NULL,
    "created_at" TEXT NOT NULL, "updated_at" TEXT NOT NULL,
    "name" TEXT NOT NULL, "secret" TEXT, "status" TEXT NOT NULL
) STRICT;
