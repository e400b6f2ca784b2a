//! Reading connections, shared by the subscriptions of a process.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use super::file;
use crate::broker::BrokerError;

/// How many idle connections are kept.
const KEPT: usize = 4;

/// Reads in snapshots of the file.
#[derive(Clone)]
pub struct Readers {
    path: Arc<PathBuf>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    /// Reads the file under `path`.
    pub fn new(path: &Path) -> Self {
        Self {
            path: Arc::new(path.to_owned()),
            idle: Arc::default(),
        }
    }

    /// Reads from one snapshot, on a thread that may block.
    ///
    /// # Errors
    /// The reading's own, or that the file cannot be opened.
    pub async fn read<T, F>(&self, work: F) -> Result<T, BrokerError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, BrokerError> + Send + 'static,
    {
        let readers = self.clone();
        tokio::task::spawn_blocking(move || {
            let mut connection = readers.take()?;
            let transaction = connection.transaction()?;
            let outcome = work(&transaction);
            transaction.finish()?;
            readers.give_back(connection);
            outcome
        })
        .await
        .map_err(file::unavailable)?
    }

    fn take(&self) -> Result<Connection, BrokerError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        idle.map_or_else(|| file::connect(&self.path), Ok)
    }

    fn give_back(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(connection);
        }
    }
}
