CREATE TABLE "card" (
    "id" UUID PRIMARY KEY, "version" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL, "updated_at" TIMESTAMPTZ NOT NULL,
    "text" TEXT COLLATE "C" NOT NULL
);
CREATE TABLE "book_copy" (
    "_generation" BIGINT NOT NULL, "id" UUID NOT NULL, "version" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL, "updated_at" TIMESTAMPTZ NOT NULL,
    "title" TEXT COLLATE "C" NOT NULL, "facts" TEXT COLLATE "C",
    PRIMARY KEY ("_generation", "id")
);
