CREATE TABLE "shelf" (
    "id" UUID PRIMARY KEY, "version" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL, "updated_at" TIMESTAMPTZ NOT NULL
);
CREATE TABLE "order" (
    "id" UUID PRIMARY KEY, "version" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL, "updated_at" TIMESTAMPTZ NOT NULL,
    "code" TEXT COLLATE "C" NOT NULL, "region" TEXT COLLATE "C" NOT NULL,
    "number" BIGINT NOT NULL, "price" NUMERIC(6, 2) NOT NULL,
    "kind" TEXT COLLATE "C" NOT NULL,
    "shelf" UUID REFERENCES "shelf" ("id"), "shelves" TEXT COLLATE "C"
);
CREATE TABLE "order__line" (
    "id" UUID NOT NULL,
    "_parent" UUID NOT NULL REFERENCES "order" ("id") ON DELETE CASCADE,
    "_position" BIGINT NOT NULL,
    "label" TEXT COLLATE "C" NOT NULL, "shelf" UUID REFERENCES "shelf" ("id"),
    PRIMARY KEY ("_parent", "id")
);
CREATE UNIQUE INDEX "order_code_key" ON "order" ("code");
CREATE UNIQUE INDEX "order_region_number_key" ON "order" ("region", "number");
