CREATE TABLE "owners" (
    "id" TEXT PRIMARY KEY,
    "version" INTEGER NOT NULL,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "friends" TEXT
) STRICT;

CREATE TABLE "things" (
    "id" TEXT PRIMARY KEY,
    "version" INTEGER NOT NULL,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "group" INTEGER,
    "order" REAL,
    "select" INTEGER,
    "price" INTEGER,
    "weight" TEXT,
    "code" TEXT,
    "made" TEXT,
    "sold" TEXT,
    "life" INTEGER,
    "raw" BLOB,
    "extra" TEXT,
    "color" TEXT,
    "place" TEXT,
    "tags" TEXT,
    "prices" TEXT,
    "owner" TEXT REFERENCES "owners"("id"),
    "helpers" TEXT
) STRICT;
CREATE UNIQUE INDEX "things_name_key" ON "things" ("name");
CREATE UNIQUE INDEX "things_group_and_code_key" ON "things" ("group", "code");
CREATE INDEX "things_owner" ON "things" ("owner");

CREATE TABLE "thing_parts" (
    "id" TEXT NOT NULL,
    "_parent" TEXT NOT NULL REFERENCES "things"("id") ON DELETE CASCADE,
    "_position" INTEGER NOT NULL,
    "label" TEXT NOT NULL,
    "parent" TEXT,
    "position" INTEGER,
    "maker" TEXT REFERENCES "owners"("id"),
    PRIMARY KEY ("_parent", "id")
) STRICT;
CREATE INDEX "thing_parts_parent" ON "thing_parts" ("_parent", "_position");
CREATE INDEX "thing_parts_maker" ON "thing_parts" ("maker");

CREATE TABLE "copies" (
    "_generation" INTEGER NOT NULL,
    "id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL,
    "name" TEXT,
    "group" INTEGER,
    "price" INTEGER,
    "generation" INTEGER,
    PRIMARY KEY ("_generation", "id")
) WITHOUT ROWID, STRICT;

CREATE TABLE "agents" (
    "id" TEXT PRIMARY KEY,
    "version" INTEGER NOT NULL,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL,
    "name" TEXT NOT NULL
) STRICT;

CREATE TABLE "tickets" (
    "id" TEXT PRIMARY KEY,
    "version" INTEGER NOT NULL,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "queue" TEXT NOT NULL,
    "label" TEXT,
    "agent" TEXT REFERENCES "agents"("id")
) STRICT;
CREATE UNIQUE INDEX "tickets_queue_number_key" ON "tickets" ("queue", "number");
CREATE INDEX "tickets_agent" ON "tickets" ("agent");

CREATE TABLE "ticket_notes" (
    "id" TEXT NOT NULL,
    "_parent" TEXT NOT NULL REFERENCES "tickets"("id") ON DELETE CASCADE,
    "_position" INTEGER NOT NULL,
    "text" TEXT NOT NULL,
    PRIMARY KEY ("_parent", "id")
) STRICT;
CREATE INDEX "ticket_notes_parent" ON "ticket_notes" ("_parent", "_position");

CREATE TABLE "tokens" (
    "id" TEXT PRIMARY KEY,
    "version" INTEGER NOT NULL,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL,
    "holder" TEXT NOT NULL,
    "uses" INTEGER NOT NULL
) STRICT;
