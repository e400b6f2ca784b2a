CREATE TABLE "contact" (
    "id" UUID PRIMARY KEY, "version" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL, "updated_at" TIMESTAMPTZ NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL, "email" TEXT COLLATE "C", "team" TEXT COLLATE "C", "extra" TEXT COLLATE "C",
    "twin" UUID
);
CREATE UNIQUE INDEX "contact_email_key" ON "contact" ("email");
CREATE INDEX "contact_by_team_idx" ON "contact" ("team");
