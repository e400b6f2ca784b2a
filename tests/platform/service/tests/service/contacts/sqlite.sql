CREATE TABLE "contact" (
    "id" TEXT PRIMARY KEY, "version" INTEGER NOT NULL,
    "created_at" TEXT NOT NULL, "updated_at" TEXT NOT NULL,
    "name" TEXT NOT NULL, "email" TEXT, "team" TEXT, "extra" TEXT, "twin" TEXT
) STRICT;
CREATE UNIQUE INDEX "contact_email_key" ON "contact" ("email");
CREATE INDEX "contact_by_team_idx" ON "contact" ("team");
