//! What SQLite's errors mean to the runtime.

use std::fmt::Display;

use platform_ports::engine::{CommitError, EngineError};
use platform_sqlite_file::FileError;
use rusqlite::ErrorCode;

/// What the engine fails with, before it leaves this crate: the one that `?` makes of SQLite's errors.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct Error(#[from] EngineError);

/// Why a write set is not applied, before that leaves this crate.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct ApplyError(#[from] CommitError);

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self(if passes(&error) {
            EngineError::Unavailable(error.to_string())
        } else {
            EngineError::Corrupt(error.to_string())
        })
    }
}

impl From<Error> for EngineError {
    fn from(error: Error) -> Self {
        error.0
    }
}

impl FileError for Error {
    fn unavailable(why: impl Display) -> Self {
        Self(EngineError::Unavailable(why.to_string()))
    }
}

impl From<rusqlite::Error> for ApplyError {
    fn from(error: rusqlite::Error) -> Self {
        Error::from(error).into()
    }
}

impl From<Error> for ApplyError {
    fn from(error: Error) -> Self {
        error.0.into()
    }
}

impl From<EngineError> for ApplyError {
    fn from(error: EngineError) -> Self {
        Self(error.into())
    }
}

impl From<ApplyError> for CommitError {
    fn from(error: ApplyError) -> Self {
        error.0
    }
}

/// Whether the same may succeed later, without anybody changing program or data.
fn passes(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::PermissionDenied
                | ErrorCode::OperationAborted
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::OutOfMemory
                | ErrorCode::ReadOnly
                | ErrorCode::OperationInterrupted
                | ErrorCode::SystemIoFailure
                | ErrorCode::DiskFull
                | ErrorCode::CannotOpen
                | ErrorCode::FileLockingProtocolFailed
        )
    )
}

/// For numbers that SQLite keeps signed.
pub(super) fn signed(number: u64) -> Result<i64, Error> {
    i64::try_from(number).map_err(|_| EngineError::Corrupt(format!("{number} is too large")).into())
}

/// For numbers that SQLite keeps signed.
pub(super) fn unsigned(number: i64) -> Result<u64, Error> {
    u64::try_from(number).map_err(|_| EngineError::Corrupt(format!("{number} is negative")).into())
}
