//! What SQLite's errors mean to those who use the broker.

use std::fmt::Display;

use platform_ports::broker::BrokerError;
use platform_sqlite_file::FileError;
use rusqlite::ErrorCode;

/// What the broker fails with, before it leaves this crate: the one that `?` makes of SQLite's errors.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] BrokerError);

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(
                ErrorCode::NotADatabase
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::ApiMisuse
                | ErrorCode::TypeMismatch
                | ErrorCode::ConstraintViolation
                | ErrorCode::Unknown,
            )
            | None => Self::unusable(error),
            // Busy, full disk, I/O, memory: it can pass.
            Some(_) => Self::unavailable(error),
        }
    }
}

impl From<Error> for BrokerError {
    fn from(error: Error) -> Self {
        error.0
    }
}

impl FileError for Error {
    fn unavailable(why: impl Display) -> Self {
        Self(BrokerError::Unavailable(why.to_string()))
    }
}

impl Error {
    /// One that will not pass, until somebody changes something.
    pub fn unusable(why: impl Display) -> Self {
        Self(BrokerError::Unusable(why.to_string()))
    }
}
