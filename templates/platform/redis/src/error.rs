//! What Redis' errors mean to the runtime.

use std::error::Error;
use std::io;
use std::sync::Arc;

use platform_ports::engine::EngineError;
use redis::{ErrorKind, RedisError, ServerErrorKind};

/// Refusals that pass: memory, disk, a long script, too few replicas.
const PASSING: &[&str] = &["OOM", "MISCONF", "BUSY", "NOREPLICAS", "UNKILLABLE"];

/// Refusals of who asks. They pass, too, when an administrator puts right what was changed.
const DENIED: &[&str] = &["NOAUTH", "WRONGPASS", "NOPERM"];

/// What the server's failure is to who asked the engine.
pub(super) fn failure(error: RedisError) -> EngineError {
    if passes(&error) {
        EngineError::Unavailable(error.to_string())
    } else {
        EngineError::Corrupt(error.to_string())
    }
}

/// Whether the same may succeed later, without anybody changing program or data.
pub(super) fn passes(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::Io | ErrorKind::Parse | ErrorKind::ClusterConnectionNotFound => true,
        ErrorKind::Server(
            ServerErrorKind::BusyLoading
            | ServerErrorKind::Moved
            | ServerErrorKind::Ask
            | ServerErrorKind::TryAgain
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::MasterDown
            | ServerErrorKind::ReadOnly,
        ) => true,
        _ => is_denied(error) || PASSING.contains(&error.code().unwrap_or_default()),
    }
}

/// Whether the server does not know or trust who asks.
pub(super) fn is_denied(error: &RedisError) -> bool {
    error.kind() == ErrorKind::AuthenticationFailed
        || DENIED.contains(&error.code().unwrap_or_default())
}

/// Whether the server's certificate is not one to trust, which no waiting mends.
pub(super) fn is_untrusted(error: &RedisError) -> bool {
    let source: Option<&Arc<dyn Error + Send + Sync>> =
        error.source().and_then(|source| source.downcast_ref());
    let failure: Option<&io::Error> = source.and_then(|source| source.downcast_ref());
    let cause = failure.and_then(io::Error::get_ref);
    let tls = cause.and_then(|cause| cause.downcast_ref());
    matches!(tls, Some(rustls::Error::InvalidCertificate(_)))
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

/// Whether a library of this name is there already.
pub(super) fn is_loaded(error: &RedisError) -> bool {
    error
        .detail()
        .is_some_and(|detail| detail.contains("already exists"))
}

/// What is stored is not of its form.
pub(super) fn corrupt(what: &str) -> EngineError {
    EngineError::Corrupt(format!("{what} is not of its form"))
}
