-- The file of the embedded broker. Times are milliseconds since 1970-01-01 UTC.

CREATE TABLE topics (
    name     TEXT PRIMARY KEY,
    topic_id TEXT NOT NULL
) STRICT;

-- `start` is the first offset still kept, `next` the one the next message gets, `heartbeat` that of
-- the newest heartbeat.
CREATE TABLE partitions (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    topic     TEXT NOT NULL,
    number    INTEGER NOT NULL,
    start     INTEGER NOT NULL DEFAULT 0,
    next      INTEGER NOT NULL DEFAULT 0,
    heartbeat INTEGER,
    UNIQUE (topic, number)
) STRICT;

CREATE TABLE messages (
    id        INTEGER PRIMARY KEY,
    partition INTEGER NOT NULL,
    "offset"  INTEGER NOT NULL,
    key       TEXT NOT NULL,
    headers   TEXT NOT NULL,
    payload   BLOB NOT NULL,
    at        INTEGER NOT NULL,
    UNIQUE (partition, "offset")
) STRICT;

-- Partitions of deleted topics whose messages are still to be deleted, in slices.
CREATE TABLE dropped (partition INTEGER PRIMARY KEY) STRICT;

-- The processes; one that does not renew its session in time has died.
CREATE TABLE sessions (
    id      TEXT PRIMARY KEY,
    expires INTEGER NOT NULL
) STRICT;

-- `generation` changes with every change of the group's members or assignments.
CREATE TABLE groups (
    name       TEXT PRIMARY KEY,
    generation INTEGER NOT NULL
) STRICT;

CREATE TABLE members (
    id      TEXT PRIMARY KEY,
    "group" TEXT NOT NULL,
    session TEXT NOT NULL,
    topics  TEXT NOT NULL
) STRICT;

-- `owner` reads the partition now; where `wanted` is another, the owner is asked (`since`) to let go.
CREATE TABLE assignments (
    "group"   TEXT NOT NULL,
    partition INTEGER NOT NULL,
    owner     TEXT NOT NULL,
    wanted    TEXT NOT NULL,
    since     INTEGER NOT NULL,
    PRIMARY KEY ("group", partition)
) STRICT, WITHOUT ROWID;

CREATE TABLE committed (
    "group"   TEXT NOT NULL,
    partition INTEGER NOT NULL,
    next      INTEGER NOT NULL,
    PRIMARY KEY ("group", partition)
) STRICT, WITHOUT ROWID;

-- The last generation that was given to any group: none is ever given twice.
CREATE TABLE counter (generation INTEGER NOT NULL) STRICT;
INSERT INTO counter VALUES (0);
