CREATE TABLE "items" (
    "id" UUID PRIMARY KEY, "version" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL, "updated_at" TIMESTAMPTZ NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL, "secret" TEXT COLLATE "C", "status" TEXT COLLATE "C" NOT NULL
);
