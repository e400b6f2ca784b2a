//! What SQLite's errors mean to the runtime.

use rusqlite::{Error, ErrorCode};

use crate::engine::{CommitError, EngineError};

impl From<Error> for EngineError {
    fn from(error: Error) -> Self {
        if passes(&error) {
            Self::Unavailable(error.to_string())
        } else {
            Self::Corrupt(error.to_string())
        }
    }
}

impl From<Error> for CommitError {
    fn from(error: Error) -> Self {
        Self::Engine(error.into())
    }
}

/// Whether the same may succeed later, without anybody changing program or data.
fn passes(error: &Error) -> bool {
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
pub(super) fn signed(number: u64) -> Result<i64, EngineError> {
    i64::try_from(number).map_err(|_| EngineError::Corrupt(format!("{number} is too large")))
}

/// For numbers that SQLite keeps signed.
pub(super) fn unsigned(number: i64) -> Result<u64, EngineError> {
    u64::try_from(number).map_err(|_| EngineError::Corrupt(format!("{number} is negative")))
}
