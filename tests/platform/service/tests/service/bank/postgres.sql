CREATE TABLE "account" (
    "id" UUID PRIMARY KEY, "version" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL, "updated_at" TIMESTAMPTZ NOT NULL,
    "status" TEXT COLLATE "C" NOT NULL, "holder" TEXT COLLATE "C" NOT NULL,
    "number" BIGINT NOT NULL, "balance" NUMERIC(12, 2) NOT NULL,
    "parent" UUID REFERENCES "account"("id"), "secret" TEXT COLLATE "C"
);
CREATE UNIQUE INDEX "account_number_key" ON "account" ("number");
CREATE INDEX "account_parent" ON "account" ("parent");
