//! Tasks that others wait for.

use std::panic::resume_unwind;

use tokio::task::JoinError;

/// What a task came to. If it panicked, so does who waits for it; nothing: it was ended with the runtime.
pub fn result<T>(joined: Result<T, JoinError>) -> Option<T> {
    match joined.map_err(JoinError::try_into_panic) {
        Ok(result) => Some(result),
        Err(Ok(panic)) => resume_unwind(panic),
        Err(Err(_)) => None,
    }
}
