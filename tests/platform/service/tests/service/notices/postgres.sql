CREATE TABLE "notice" (
    "id" UUID PRIMARY KEY, "version" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL, "updated_at" TIMESTAMPTZ NOT NULL,
    "status" TEXT COLLATE "C" NOT NULL, "days" BIGINT NOT NULL, "term" TEXT COLLATE "C" NOT NULL
);
-- A column that rows of before lack.
CREATE TABLE "notice__line" (
    "id" UUID NOT NULL,
    "_parent" UUID NOT NULL REFERENCES "notice" ("id") ON DELETE CASCADE,
    "_position" BIGINT NOT NULL,
    "text" TEXT COLLATE "C" NOT NULL, "added" TIMESTAMPTZ,
    PRIMARY KEY ("_parent", "id")
);
CREATE INDEX "notice_by_status_idx" ON "notice" ("status");
