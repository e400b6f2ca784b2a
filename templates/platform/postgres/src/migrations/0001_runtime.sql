-- The tables of the runtime. Texts order by code point.

-- Messages on their way to the broker. The columns id, aggregatetype, aggregateid, type and payload
-- are those of Debezium's outbox event router. Rows are inserted and deleted; only `refused` changes.
CREATE TABLE microdb_outbox (
    position      BIGSERIAL PRIMARY KEY,
    id            UUID NOT NULL,
    aggregatetype TEXT COLLATE "C" NOT NULL,
    aggregateid   UUID NOT NULL,
    type          TEXT COLLATE "C" NOT NULL,
    payload       BYTEA NOT NULL,
    topic         TEXT COLLATE "C" NOT NULL,
    partition     BIGINT NOT NULL,
    headers       TEXT COLLATE "C" NOT NULL,
    sequence      BIGINT NOT NULL,
    logged        BOOLEAN NOT NULL,
    refused       TEXT COLLATE "C",
    written_at    TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX microdb_outbox_id ON microdb_outbox (id);
-- It empties all the time: dead rows are to go before a reader has to step over many of them.
ALTER TABLE microdb_outbox SET (autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

-- Events as they were recorded, for replay; kept by retention, a partition a month. The engine makes
-- the partitions.
CREATE TABLE microdb_event_log (
    id            UUID NOT NULL,
    aggregatetype TEXT COLLATE "C" NOT NULL,
    aggregateid   UUID NOT NULL,
    type          TEXT COLLATE "C" NOT NULL,
    payload       BYTEA NOT NULL,
    topic         TEXT COLLATE "C" NOT NULL,
    partition     BIGINT NOT NULL,
    headers       TEXT COLLATE "C" NOT NULL,
    sequence      BIGINT NOT NULL,
    written_at    TIMESTAMPTZ NOT NULL
) PARTITION BY RANGE (written_at);
CREATE INDEX microdb_event_log_sequence
    ON microdb_event_log (aggregatetype, aggregateid, sequence);

-- The last event that took effect, per handler and aggregate. Never expires.
CREATE TABLE microdb_applied_sequences (
    handler    TEXT COLLATE "C" NOT NULL,
    generation BIGINT NOT NULL,
    aggregate  UUID NOT NULL,
    sequence   BIGINT NOT NULL,
    event      UUID,
    PRIMARY KEY (handler, generation, aggregate)
) WITH (fillfactor = 80);

-- How far handlers have read.
CREATE TABLE microdb_offsets (
    handler     TEXT COLLATE "C" NOT NULL,
    generation  BIGINT NOT NULL,
    topic       TEXT COLLATE "C" NOT NULL,
    partition   BIGINT NOT NULL,
    topic_id    TEXT COLLATE "C" NOT NULL,
    next        BIGINT NOT NULL,
    as_of       TIMESTAMPTZ,
    PRIMARY KEY (handler, generation, topic, partition)
) WITH (fillfactor = 50);

-- What deleted rows leave behind. Never expires.
CREATE TABLE microdb_tombstones (
    of         TEXT COLLATE "C" NOT NULL,
    generation BIGINT NOT NULL,
    id         UUID NOT NULL,
    version    BIGINT NOT NULL,
    PRIMARY KEY (of, generation, id)
);

-- Refuses what had been deleted. Called once the row is made: it sees what was committed up to then.
CREATE FUNCTION microdb_never_deleted(its_table TEXT, its_generation BIGINT, its_id UUID)
RETURNS BOOLEAN LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM 1 FROM microdb_tombstones
        WHERE of = its_table AND generation = its_generation AND id = its_id;
    IF FOUND THEN
        RAISE EXCEPTION 'it had been deleted' USING ERRCODE = 'MDB01';
    END IF;
    RETURN TRUE;
END
$$;

-- Refuses a statement as a whole when a condition does not hold that was looked at in it.
CREATE FUNCTION microdb_must(it_holds BOOLEAN)
RETURNS BOOLEAN LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF NOT it_holds THEN
        RAISE EXCEPTION 'it had changed' USING ERRCODE = 'MDB02';
    END IF;
    RETURN TRUE;
END
$$;

-- Collections of documents, all of one shape.

-- Answers to commands with an `Idempotency-Key`.
CREATE TABLE microdb_requests (
    key      TEXT COLLATE "C" PRIMARY KEY,
    "group"  TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    due      TIMESTAMPTZ,
    version  BIGINT NOT NULL,
    body     TEXT COLLATE "C" NOT NULL
);
CREATE INDEX microdb_requests_group ON microdb_requests ("group", position, key);
CREATE INDEX microdb_requests_due ON microdb_requests (due NULLS FIRST, "group", position, key);

-- Commands of policies and effects that wait for their unit of work.
CREATE TABLE microdb_commands (
    key      TEXT COLLATE "C" PRIMARY KEY,
    "group"  TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    due      TIMESTAMPTZ,
    version  BIGINT NOT NULL,
    body     TEXT COLLATE "C" NOT NULL
);
CREATE INDEX microdb_commands_group ON microdb_commands ("group", position, key);
CREATE INDEX microdb_commands_due ON microdb_commands (due NULLS FIRST, "group", position, key);

-- Messages that arrived before one they follow.
CREATE TABLE microdb_parked (
    key      TEXT COLLATE "C" PRIMARY KEY,
    "group"  TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    due      TIMESTAMPTZ,
    version  BIGINT NOT NULL,
    body     TEXT COLLATE "C" NOT NULL
);
CREATE INDEX microdb_parked_group ON microdb_parked ("group", position, key);
CREATE INDEX microdb_parked_due ON microdb_parked (due NULLS FIRST, "group", position, key);

-- Messages that could not be handled.
CREATE TABLE microdb_dead_letters (
    key      TEXT COLLATE "C" PRIMARY KEY,
    "group"  TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    due      TIMESTAMPTZ,
    version  BIGINT NOT NULL,
    body     TEXT COLLATE "C" NOT NULL
);
CREATE INDEX microdb_dead_letters_group ON microdb_dead_letters ("group", position, key);
CREATE INDEX microdb_dead_letters_due ON microdb_dead_letters (due NULLS FIRST, "group", position, key);

-- Blocked keys of handlers.
CREATE TABLE microdb_blocks (
    key      TEXT COLLATE "C" PRIMARY KEY,
    "group"  TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    due      TIMESTAMPTZ,
    version  BIGINT NOT NULL,
    body     TEXT COLLATE "C" NOT NULL
);
CREATE INDEX microdb_blocks_group ON microdb_blocks ("group", position, key);
CREATE INDEX microdb_blocks_due ON microdb_blocks (due NULLS FIRST, "group", position, key);

-- Work of effects.
CREATE TABLE microdb_jobs (
    key      TEXT COLLATE "C" PRIMARY KEY,
    "group"  TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    due      TIMESTAMPTZ,
    version  BIGINT NOT NULL,
    body     TEXT COLLATE "C" NOT NULL
);
CREATE INDEX microdb_jobs_group ON microdb_jobs ("group", position, key);
CREATE INDEX microdb_jobs_due ON microdb_jobs (due NULLS FIRST, "group", position, key);

-- Timers, and cursors over large sets of targets.
CREATE TABLE microdb_cursors (
    key      TEXT COLLATE "C" PRIMARY KEY,
    "group"  TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    due      TIMESTAMPTZ,
    version  BIGINT NOT NULL,
    body     TEXT COLLATE "C" NOT NULL
);
CREATE INDEX microdb_cursors_group ON microdb_cursors ("group", position, key);
CREATE INDEX microdb_cursors_due ON microdb_cursors (due NULLS FIRST, "group", position, key);

-- Generations, fills and rebuilds of projections.
CREATE TABLE microdb_projections (
    key      TEXT COLLATE "C" PRIMARY KEY,
    "group"  TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    due      TIMESTAMPTZ,
    version  BIGINT NOT NULL,
    body     TEXT COLLATE "C" NOT NULL
);
CREATE INDEX microdb_projections_group ON microdb_projections ("group", position, key);
CREATE INDEX microdb_projections_due ON microdb_projections (due NULLS FIRST, "group", position, key);

-- Leases: `due` is when one ends.
CREATE TABLE microdb_leases (
    key      TEXT COLLATE "C" PRIMARY KEY,
    "group"  TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    due      TIMESTAMPTZ,
    version  BIGINT NOT NULL,
    body     TEXT COLLATE "C" NOT NULL
);
CREATE INDEX microdb_leases_group ON microdb_leases ("group", position, key);
CREATE INDEX microdb_leases_due ON microdb_leases (due NULLS FIRST, "group", position, key);
