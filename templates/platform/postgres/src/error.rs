//! What PostgreSQL's errors mean to the runtime.

use platform_ports::engine::{CommitError, EngineError};
use sqlx::Error;
use sqlx::postgres::PgDatabaseError;

/// What the server says when it aborts one of several transactions that are in each other's way.
const ABORTED: [&str; 2] = ["40001", "40P01"];

/// What `microdb_never_deleted` of the runtime's migration says.
const DELETED: &str = "MDB01";

/// What `microdb_must` of the runtime's migration says.
const LOST: &str = "MDB02";

/// Classes of errors (and whole codes) that pass without anybody changing program or data:
/// connection, resources, operator, system, login, and what a server says that only reads.
const PASSING: [&str; 11] = [
    "08", "28", "53", "57", "58", "40", "3D000", "55P03", "55006", "25006", "42501",
];

/// What kept a statement from being run: a value that cannot be stored, or what the server said. To whom
/// it is of no matter which, it is an engine's error by `?`.
#[derive(Debug)]
pub(super) enum StatementError {
    /// Before it was sent.
    Engine(EngineError),
    /// By the server, or on the way.
    Server(Error),
}

impl From<EngineError> for StatementError {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

impl From<Error> for StatementError {
    fn from(error: Error) -> Self {
        Self::Server(error)
    }
}

impl From<StatementError> for EngineError {
    fn from(failed: StatementError) -> Self {
        let error = match failed {
            StatementError::Engine(error) => return error,
            StatementError::Server(error) => error,
        };
        match &error {
            Error::Database(_) => match of_server(&error) {
                Some(found) => {
                    let text = format!("{} ({})", found.message(), found.code());
                    if PASSING.iter().any(|code| found.code().starts_with(code)) {
                        Self::Unavailable(text)
                    } else {
                        Self::Corrupt(text)
                    }
                }
                None => Self::Corrupt(error.to_string()),
            },
            Error::ColumnDecode { .. }
            | Error::Decode(_)
            | Error::Encode(_)
            | Error::ColumnNotFound(_)
            | Error::ColumnIndexOutOfBounds { .. }
            | Error::TypeNotFound { .. }
            | Error::RowNotFound => Self::Corrupt(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<StatementError> for CommitError {
    fn from(failed: StatementError) -> Self {
        Self::Engine(failed.into())
    }
}

/// What the server said, when it is the server's error.
pub(super) fn of_server(error: &Error) -> Option<&PgDatabaseError> {
    error
        .as_database_error()
        .and_then(|found| found.try_downcast_ref::<PgDatabaseError>())
}

/// The code of the server's error.
pub(super) fn code(error: &Error) -> &str {
    of_server(error).map_or("", PgDatabaseError::code)
}

/// The table that the server's error is about.
pub(super) fn table(error: &Error) -> &str {
    of_server(error)
        .and_then(PgDatabaseError::table)
        .unwrap_or_default()
}

/// Whether the server aborted the transaction for another's sake.
pub(super) fn is_aborted(error: &Error) -> bool {
    ABORTED.contains(&code(error))
}

/// Whether what was to be made for the first time had been deleted.
pub(super) fn deleted(error: &Error) -> bool {
    code(error) == DELETED
}

/// Whether there is a row with the key of one that was to be made.
pub(super) fn is_there(error: &Error) -> bool {
    code(error) == "23505"
}

/// Whether a document was not as it was read, or something of the runtime's is there already.
pub(super) fn lost(error: &Error) -> bool {
    let doubled = is_there(error) && table(error).starts_with("microdb_");
    doubled || code(error) == LOST
}

/// For numbers that PostgreSQL keeps signed.
pub(super) fn signed(number: u64) -> Result<i64, EngineError> {
    i64::try_from(number).map_err(|_| EngineError::Corrupt(format!("{number} is too large")))
}

/// For numbers that PostgreSQL keeps signed.
pub(super) fn unsigned(number: i64) -> Result<u64, EngineError> {
    u64::try_from(number).map_err(|_| EngineError::Corrupt(format!("{number} is negative")))
}
