CREATE TABLE "owners" (
    "id" UUID PRIMARY KEY,
    "version" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL
);

CREATE TABLE "things" (
    "id" UUID PRIMARY KEY,
    "version" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,
    "group" BIGINT,
    "order" DOUBLE PRECISION,
    "select" BOOLEAN,
    "price" NUMERIC(12, 2),
    "weight" NUMERIC(28, 6),
    "code" UUID,
    "made" DATE,
    "sold" TIMESTAMPTZ,
    "life" BIGINT,
    "raw" BYTEA,
    "extra" TEXT COLLATE "C",
    "color" TEXT COLLATE "C",
    "place" TEXT COLLATE "C",
    "tags" TEXT COLLATE "C",
    "prices" TEXT COLLATE "C",
    "owner" UUID REFERENCES "owners"("id"),
    "helpers" TEXT COLLATE "C"
);
CREATE UNIQUE INDEX "things_name_key" ON "things" ("name");
CREATE UNIQUE INDEX "things_group_and_code_key" ON "things" ("group", "code");
CREATE INDEX "things_owner" ON "things" ("owner");

CREATE TABLE "thing_parts" (
    "id" UUID PRIMARY KEY,
    "parent" UUID NOT NULL REFERENCES "things"("id") ON DELETE CASCADE,
    "position" BIGINT NOT NULL,
    "label" TEXT COLLATE "C" NOT NULL,
    "maker" UUID REFERENCES "owners"("id")
);
CREATE INDEX "thing_parts_parent" ON "thing_parts" ("parent", "position");
CREATE INDEX "thing_parts_maker" ON "thing_parts" ("maker");

CREATE TABLE "copies" (
    "generation" BIGINT NOT NULL,
    "id" UUID NOT NULL,
    "version" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "name" TEXT COLLATE "C",
    "group" BIGINT,
    "price" NUMERIC(12, 2),
    PRIMARY KEY ("generation", "id")
);
