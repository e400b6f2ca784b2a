//! Counts what SQLite is asked for: by the database, where that is one, and by the embedded broker.

use std::sync::LazyLock;

use prometheus::{IntCounter, default_registry};
use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes};

static STATEMENTS: LazyLock<IntCounter> = LazyLock::new(|| {
    let help = "Statements that SQLite has carried out for this process.";
    let counter = IntCounter::new("microdb_sqlite_statements_total", help)
        .expect("name and help are constants, and valid ones");
    // Only a second metric of the same name is turned away, and there is one.
    let _ = default_registry().register(Box::new(counter.clone()));
    counter
});

/// Counts the statements of a connection from now on.
pub(super) fn count(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(one_more))
}

fn one_more(_: TraceEvent<'_>) {
    STATEMENTS.inc();
}
