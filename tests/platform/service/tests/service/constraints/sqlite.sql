CREATE TABLE "shelf" (
    "id" TEXT PRIMARY KEY, "version" INTEGER NOT NULL,
    "created_at" TEXT NOT NULL, "updated_at" TEXT NOT NULL
) STRICT;
CREATE TABLE "order" (
    "id" TEXT PRIMARY KEY, "version" INTEGER NOT NULL,
    "created_at" TEXT NOT NULL, "updated_at" TEXT NOT NULL,
    "code" TEXT NOT NULL, "region" TEXT NOT NULL, "number" INTEGER NOT NULL,
    "price" INTEGER NOT NULL, "kind" TEXT NOT NULL,
    "shelf" TEXT REFERENCES "shelf" ("id"), "shelves" TEXT
) STRICT;
CREATE TABLE "order__line" (
    "id" TEXT NOT NULL,
    "_parent" TEXT NOT NULL REFERENCES "order" ("id") ON DELETE CASCADE,
    "_position" INTEGER NOT NULL,
    "label" TEXT NOT NULL, "shelf" TEXT REFERENCES "shelf" ("id"),
    PRIMARY KEY ("_parent", "id")
) STRICT;
CREATE UNIQUE INDEX "order_code_key" ON "order" ("code");
CREATE UNIQUE INDEX "order_region_number_key" ON "order" ("region", "number");
