//! What Redis' errors mean to the runtime.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::engine::{CommitError, EngineError};

/// Refusals that pass: memory, disk, a long script, too few replicas.
const PASSING: &[&str] = &[
    "OOM",
    "MISCONF",
    "BUSY",
    "NOREPLICAS",
    "UNKILLABLE",
    "NOAUTH",
];

impl From<RedisError> for EngineError {
    fn from(error: RedisError) -> Self {
        if passes(&error) {
            Self::Unavailable(error.to_string())
        } else {
            Self::Corrupt(error.to_string())
        }
    }
}

impl From<RedisError> for CommitError {
    fn from(error: RedisError) -> Self {
        Self::Engine(error.into())
    }
}

/// Whether the same may succeed later, without anybody changing program or data.
pub(super) fn passes(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::Io
        | ErrorKind::Parse
        | ErrorKind::AuthenticationFailed
        | ErrorKind::ClusterConnectionNotFound => true,
        ErrorKind::Server(
            ServerErrorKind::BusyLoading
            | ServerErrorKind::Moved
            | ServerErrorKind::Ask
            | ServerErrorKind::TryAgain
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::MasterDown
            | ServerErrorKind::ReadOnly,
        ) => true,
        _ => {
            let code = error.code().unwrap_or_default();
            // What a function meets in the middle comes as its own error: there, too, nothing was
            // written yet. A slot on its way to another node is the one case of the second kind.
            PASSING.contains(&code)
                || error.detail().is_some_and(|detail| {
                    detail.contains("non local key") || detail.starts_with("OOM ")
                })
        }
    }
}

/// Whether the server refused because another one has the keys; nothing was done then.
pub(super) fn is_elsewhere(error: &RedisError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Server(
            ServerErrorKind::Moved
                | ServerErrorKind::Ask
                | ServerErrorKind::TryAgain
                | ServerErrorKind::ReadOnly
        )
    )
}

/// Whether the server does not have the library; nothing was done then.
pub(super) fn lacks_function(error: &RedisError) -> bool {
    error
        .detail()
        .is_some_and(|detail| detail.contains("Function not found"))
}

/// What is stored is not of its form.
pub(super) fn corrupt(what: &str) -> EngineError {
    EngineError::Corrupt(format!("{what} is not of its form"))
}
