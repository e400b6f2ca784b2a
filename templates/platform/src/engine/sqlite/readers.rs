//! Connections that read, on threads where waiting for the disk holds nobody up.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::connect;
use crate::engine::EngineError;

/// A few connections, opened when they are first needed.
#[derive(Clone)]
pub(super) struct Readers(Arc<Shared>);

struct Shared {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Semaphore,
}

impl Readers {
    /// At most `limit` connections to `path`.
    pub(super) fn new(path: &Path, limit: usize) -> Self {
        Self(Arc::new(Shared {
            path: path.to_owned(),
            idle: Mutex::default(),
            permits: Semaphore::new(limit),
        }))
    }

    /// Reads from one snapshot.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let unavailable =
            |error: &dyn std::fmt::Display| EngineError::Unavailable(error.to_string());
        let _permit = self
            .0
            .permits
            .acquire()
            .await
            .map_err(|error| unavailable(&error))?;
        let shared = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || shared.read(work))
            .await
            .map_err(|error| unavailable(&error))?
    }
}

impl Shared {
    fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connect::open_reader(&self.path)?,
        };
        connection.prepare_cached("BEGIN")?.execute([])?;
        let result = work(&connection);
        // A connection whose snapshot does not end is closed rather than kept.
        connection.prepare_cached("ROLLBACK")?.execute([])?;
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
        result
    }
}
