CREATE TABLE "account" (
    "id" TEXT PRIMARY KEY, "version" INTEGER NOT NULL,
    "created_at" TEXT NOT NULL, "updated_at" TEXT NOT NULL,
    "status" TEXT NOT NULL, "holder" TEXT NOT NULL, "number" INTEGER NOT NULL,
    "balance" INTEGER NOT NULL, "parent" TEXT REFERENCES "account"("id"), "secret" TEXT
) STRICT;
CREATE UNIQUE INDEX "account_number_key" ON "account" ("number");
CREATE INDEX "account_parent" ON "account" ("parent");
