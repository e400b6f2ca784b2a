CREATE TABLE "owners" (
    "id" UUID PRIMARY KEY,
    "version" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,
    "friends" TEXT COLLATE "C"
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
    "id" UUID NOT NULL,
    "_parent" UUID NOT NULL REFERENCES "things"("id") ON DELETE CASCADE,
    "_position" BIGINT NOT NULL,
    "label" TEXT COLLATE "C" NOT NULL,
    "parent" TEXT COLLATE "C",
    "position" BIGINT,
    "maker" UUID REFERENCES "owners"("id"),
    PRIMARY KEY ("_parent", "id")
);
CREATE INDEX "thing_parts_parent" ON "thing_parts" ("_parent", "_position");
CREATE INDEX "thing_parts_maker" ON "thing_parts" ("maker");

CREATE TABLE "copies" (
    "_generation" BIGINT NOT NULL,
    "id" UUID NOT NULL,
    "version" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "name" TEXT COLLATE "C",
    "group" BIGINT,
    "price" NUMERIC(12, 2),
    "generation" BIGINT,
    PRIMARY KEY ("_generation", "id")
);

CREATE TABLE "agents" (
    "id" UUID PRIMARY KEY,
    "version" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL
);

DO $do$
BEGIN
    CREATE TABLE "tickets" (
        "id" UUID NOT NULL,
        "version" BIGINT NOT NULL,
        "created_at" TIMESTAMPTZ NOT NULL,
        "updated_at" TIMESTAMPTZ NOT NULL,
        "number" BIGINT NOT NULL,
        "queue" TEXT COLLATE "C" NOT NULL,
        "label" TEXT COLLATE "C",
        "agent" UUID REFERENCES "agents"("id"),
        PRIMARY KEY ("id", "queue")
    ) PARTITION BY HASH ("queue");
    CREATE TABLE "ticket_notes" (
        "id" UUID NOT NULL,
        "_parent" UUID NOT NULL,
        "_shard" TEXT COLLATE "C" NOT NULL,
        "_position" BIGINT NOT NULL,
        "text" TEXT COLLATE "C" NOT NULL,
        PRIMARY KEY ("_parent", "id", "_shard"),
        FOREIGN KEY ("_parent", "_shard") REFERENCES "tickets" ("id", "queue") ON DELETE CASCADE
    ) PARTITION BY HASH ("_shard");
    CREATE TABLE "tokens" (
        "id" UUID NOT NULL,
        "version" BIGINT NOT NULL,
        "created_at" TIMESTAMPTZ NOT NULL,
        "updated_at" TIMESTAMPTZ NOT NULL,
        "holder" UUID NOT NULL,
        "uses" BIGINT NOT NULL,
        PRIMARY KEY ("id", "holder")
    ) PARTITION BY HASH ("holder");
    FOR number IN 0..3 LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF "tickets"
            FOR VALUES WITH (MODULUS 4, REMAINDER %s)', 'tickets_' || number, number);
        EXECUTE format('CREATE TABLE %I PARTITION OF "ticket_notes"
            FOR VALUES WITH (MODULUS 4, REMAINDER %s)', 'ticket_notes_' || number, number);
        EXECUTE format('CREATE TABLE %I PARTITION OF "tokens"
            FOR VALUES WITH (MODULUS 4, REMAINDER %s)', 'tokens_' || number, number);
    END LOOP;
END
$do$;
CREATE UNIQUE INDEX "tickets_queue_number_key" ON "tickets" ("queue", "number");
CREATE INDEX "tickets_agent" ON "tickets" ("agent");
CREATE INDEX "ticket_notes_parent" ON "ticket_notes" ("_parent", "_position");
