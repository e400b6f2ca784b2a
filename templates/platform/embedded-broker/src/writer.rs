//! The broker's writes: with whose commit each goes, how long one waits for it, and who learns that
//! one failed for which nobody waits.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use platform_ports::broker::BrokerError;
use platform_ports::outage::Outage;
use platform_sqlite_file::{FailureScope, FairLock, FileError, GroupCommit, Notify};
use rusqlite::Connection;

use super::error::Error;
use super::file;

/// How many writes wait at most, and go into one commit at most.
const QUEUE: usize = 256;

/// All that is waiting goes into one commit; what comes meanwhile goes into the next.
const GROUP_COMMIT: GroupCommit = GroupCommit {
    queue_limit: Some(QUEUE),
    initial: QUEUE,
    max_writes: QUEUE,
    join_window: Duration::ZERO,
    failure_scope: FailureScope::Transaction,
};

/// How long a write may take before its outcome counts as unknown. Another process that stands
/// still in its turn must not hold up callers for good.
const PATIENCE: Duration = Duration::from_secs(10);

/// Hands writes to the one writing connection of the process, which is closed when this is gone.
pub struct Writer {
    file: platform_sqlite_file::Writer<Error>,
    outage: Arc<Outage>,
}

impl Writer {
    /// Starts writing; `notify_others` is called after every commit of which others are notified.
    ///
    /// # Errors
    /// When the file cannot be opened or its thread not started.
    pub fn start(
        path: &Path,
        lock: FairLock,
        outage: Arc<Outage>,
        notify_others: impl Fn() + Send + 'static,
    ) -> Result<Self, Error> {
        let connection = file::connect(path)?;
        let name = "broker-writer";
        let file = platform_sqlite_file::Writer::start(
            name,
            connection,
            lock,
            GROUP_COMMIT,
            notify_others,
        )?;
        Ok(Self { file, outage })
    }

    /// Carries out a write and waits until it is durable. A failing write undoes itself only.
    ///
    /// # Errors
    /// The write's own, or that it could not be committed (or, after a while, that nobody knows).
    pub async fn run<T, F>(&self, work: F) -> Result<T, BrokerError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    {
        let written = tokio::time::timeout(PATIENCE, self.file.write(work)).await;
        Ok(written.map_err(Error::unavailable)??)
    }

    /// Asks for a write without waiting for it. It is left out when the queue is full.
    pub fn post<F>(&self, work: F)
    where
        F: FnOnce(&Connection) -> Result<Notify, Error> + Send + 'static,
    {
        let outage = Arc::clone(&self.outage);
        let failed = move |error: Error| {
            outage.failed(
                &error,
                || tracing::warn!(%error, "the broker's file was not written"),
            );
        };
        if !self.file.post(work, failed) {
            let why = "too many writes wait for the broker's file";
            self.outage.failed(why, || tracing::warn!("{why}"));
        }
    }
}
