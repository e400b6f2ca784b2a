-- The tables of the runtime. Times are texts in UTC with six digits of the second.

-- Messages on their way to the broker. The columns id, aggregatetype, aggregateid, type and payload
-- are those of Debezium's outbox event router. `position` is the order of commits.
CREATE TABLE microdb_outbox (
    position      INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL,
    aggregatetype TEXT NOT NULL,
    aggregateid   TEXT NOT NULL,
    type          TEXT NOT NULL,
    payload       BLOB NOT NULL,
    topic         TEXT NOT NULL,
    partition     INTEGER NOT NULL,
    headers       TEXT NOT NULL,
    sequence      INTEGER NOT NULL,
    logged        INTEGER NOT NULL,
    refused       TEXT,
    written_at    TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX microdb_outbox_id ON microdb_outbox (id);

-- Events as they were recorded, for replay; kept by retention.
CREATE TABLE microdb_event_log (
    position      INTEGER PRIMARY KEY,
    id            TEXT NOT NULL,
    aggregatetype TEXT NOT NULL,
    aggregateid   TEXT NOT NULL,
    type          TEXT NOT NULL,
    payload       BLOB NOT NULL,
    topic         TEXT NOT NULL,
    partition     INTEGER NOT NULL,
    headers       TEXT NOT NULL,
    sequence      INTEGER NOT NULL,
    written_at    TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX microdb_event_log_sequence
    ON microdb_event_log (aggregatetype, aggregateid, sequence);

-- The last event that took effect, per handler and aggregate. Never expires.
CREATE TABLE microdb_applied_sequences (
    handler    TEXT NOT NULL,
    generation INTEGER NOT NULL,
    aggregate  TEXT NOT NULL,
    sequence   INTEGER NOT NULL,
    event      TEXT,
    PRIMARY KEY (handler, generation, aggregate)
) STRICT, WITHOUT ROWID;

-- How far handlers have read.
CREATE TABLE microdb_offsets (
    handler     TEXT NOT NULL,
    generation  INTEGER NOT NULL,
    topic       TEXT NOT NULL,
    partition   INTEGER NOT NULL,
    topic_id    TEXT NOT NULL,
    next        INTEGER NOT NULL,
    as_of       TEXT,
    PRIMARY KEY (handler, generation, topic, partition)
) STRICT, WITHOUT ROWID;

-- What deleted rows leave behind. Never expires.
CREATE TABLE microdb_tombstones (
    of         TEXT NOT NULL,
    generation INTEGER NOT NULL,
    id         TEXT NOT NULL,
    version    INTEGER NOT NULL,
    PRIMARY KEY (of, generation, id)
) STRICT, WITHOUT ROWID;

-- Collections of documents, all of one shape.

-- Answers to commands with an `Idempotency-Key`.
CREATE TABLE microdb_requests (
    key      TEXT PRIMARY KEY,
    "group"  TEXT NOT NULL,
    position INTEGER NOT NULL,
    due      TEXT,
    version  INTEGER NOT NULL,
    body     TEXT NOT NULL
) STRICT;
CREATE INDEX microdb_requests_group ON microdb_requests ("group", position, key);
CREATE INDEX microdb_requests_due ON microdb_requests (due, "group", position, key);

-- Commands of policies and effects that wait for their unit of work.
CREATE TABLE microdb_commands (
    key      TEXT PRIMARY KEY,
    "group"  TEXT NOT NULL,
    position INTEGER NOT NULL,
    due      TEXT,
    version  INTEGER NOT NULL,
    body     TEXT NOT NULL
) STRICT;
CREATE INDEX microdb_commands_group ON microdb_commands ("group", position, key);
CREATE INDEX microdb_commands_due ON microdb_commands (due, "group", position, key);

-- Messages that arrived before one they follow.
CREATE TABLE microdb_parked (
    key      TEXT PRIMARY KEY,
    "group"  TEXT NOT NULL,
    position INTEGER NOT NULL,
    due      TEXT,
    version  INTEGER NOT NULL,
    body     TEXT NOT NULL
) STRICT;
CREATE INDEX microdb_parked_group ON microdb_parked ("group", position, key);
CREATE INDEX microdb_parked_due ON microdb_parked (due, "group", position, key);

-- Messages that could not be handled.
CREATE TABLE microdb_dead_letters (
    key      TEXT PRIMARY KEY,
    "group"  TEXT NOT NULL,
    position INTEGER NOT NULL,
    due      TEXT,
    version  INTEGER NOT NULL,
    body     TEXT NOT NULL
) STRICT;
CREATE INDEX microdb_dead_letters_group ON microdb_dead_letters ("group", position, key);
CREATE INDEX microdb_dead_letters_due ON microdb_dead_letters (due, "group", position, key);

-- Blocked keys of handlers.
CREATE TABLE microdb_blocks (
    key      TEXT PRIMARY KEY,
    "group"  TEXT NOT NULL,
    position INTEGER NOT NULL,
    due      TEXT,
    version  INTEGER NOT NULL,
    body     TEXT NOT NULL
) STRICT;
CREATE INDEX microdb_blocks_group ON microdb_blocks ("group", position, key);
CREATE INDEX microdb_blocks_due ON microdb_blocks (due, "group", position, key);

-- Work of effects.
CREATE TABLE microdb_jobs (
    key      TEXT PRIMARY KEY,
    "group"  TEXT NOT NULL,
    position INTEGER NOT NULL,
    due      TEXT,
    version  INTEGER NOT NULL,
    body     TEXT NOT NULL
) STRICT;
CREATE INDEX microdb_jobs_group ON microdb_jobs ("group", position, key);
CREATE INDEX microdb_jobs_due ON microdb_jobs (due, "group", position, key);

-- Timers, and cursors over large sets of targets.
CREATE TABLE microdb_cursors (
    key      TEXT PRIMARY KEY,
    "group"  TEXT NOT NULL,
    position INTEGER NOT NULL,
    due      TEXT,
    version  INTEGER NOT NULL,
    body     TEXT NOT NULL
) STRICT;
CREATE INDEX microdb_cursors_group ON microdb_cursors ("group", position, key);
CREATE INDEX microdb_cursors_due ON microdb_cursors (due, "group", position, key);

-- Generations, fills and rebuilds of projections.
CREATE TABLE microdb_projections (
    key      TEXT PRIMARY KEY,
    "group"  TEXT NOT NULL,
    position INTEGER NOT NULL,
    due      TEXT,
    version  INTEGER NOT NULL,
    body     TEXT NOT NULL
) STRICT;
CREATE INDEX microdb_projections_group ON microdb_projections ("group", position, key);
CREATE INDEX microdb_projections_due ON microdb_projections (due, "group", position, key);

-- Leases: `due` is when one ends.
CREATE TABLE microdb_leases (
    key      TEXT PRIMARY KEY,
    "group"  TEXT NOT NULL,
    position INTEGER NOT NULL,
    due      TEXT,
    version  INTEGER NOT NULL,
    body     TEXT NOT NULL
) STRICT;
CREATE INDEX microdb_leases_group ON microdb_leases ("group", position, key);
CREATE INDEX microdb_leases_due ON microdb_leases (due, "group", position, key);
