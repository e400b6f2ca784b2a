//! The broker, as one process sees it: what is asked of it goes to the threads that read, and what is
//! written to the one that writes.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::Thread;

use async_trait::async_trait;
use platform_ports::broker::{
    Assignment, Broker, BrokerError, Publication, PublishOutcome, Subscription, Topic,
};
use platform_ports::outage::{Dependency, Outage};
use platform_sqlite_file::{FairLock, FileError, Notify, Readers};
use rusqlite::Connection;
use tokio::sync::watch;
use uuid::Uuid;

use super::error::Error;
use super::groups::Commit;
use super::subscription::EmbeddedSubscription;
use super::wake_up::WakeUp;
use super::watcher::BrokerState;
use super::writer::Writer;
use super::{append, file, groups, topics, trim, watcher};

/// How the embedded broker keeps messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How long a message is kept, in milliseconds; 7 days by default.
    pub retention_ms: i64,
    /// The greatest size of a message with key and headers, in bytes; 1 MiB by default.
    pub max_message_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            retention_ms: 7 * 24 * 60 * 60 * 1_000,
            max_message_bytes: 1 << 20,
        }
    }
}

/// How far a group has read a partition, for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: u32,
    /// The offset the group reads next.
    pub next: i64,
    /// The offset the next message will get.
    pub end: i64,
}

/// The broker, as one process sees it.
pub struct EmbeddedBroker {
    inner: Arc<Inner>,
}

/// What the handles, the subscriptions and the watching thread share.
pub(super) struct Inner {
    options: Options,
    /// The id of this process among others.
    pub(super) session: String,
    pub(super) writer: Writer,
    readers: Readers<Error>,
    pub(super) state: watch::Sender<Arc<BrokerState>>,
    watcher: Arc<OnceLock<Thread>>,
    /// Offsets to be noted with the next sign of life.
    commits: Mutex<HashMap<(String, i64), Commit>>,
    /// Whether the last slice that was trimmed left others that are due.
    pub(super) more_to_trim: Arc<AtomicBool>,
    pub(super) outage: Arc<Outage>,
}

impl EmbeddedBroker {
    /// Opens the file under `path`, and makes it when it is not there.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn open(path: &Path) -> Result<Self, BrokerError> {
        Self::open_with(path, Options::default())
    }

    /// The same, with options.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn open_with(path: &Path, options: Options) -> Result<Self, BrokerError> {
        Self::open_noting(path, options, Outage::alone(Dependency::Broker))
    }

    /// The same, and where the file cannot be used for a while, that is noted there.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn open_noting(
        path: &Path,
        options: Options,
        outage: Arc<Outage>,
    ) -> Result<Self, BrokerError> {
        let lock = FairLock::open(path).map_err(Error::unavailable)?;
        file::prepare(path, &lock)?;
        let wake_up = WakeUp::open(path).map_err(Error::unavailable)?;
        let watcher: Arc<OnceLock<Thread>> = Arc::default();
        let (state, _) = watch::channel(Arc::default());
        let own = Arc::clone(&watcher);
        let notify_others = move || {
            wake(&own);
            wake_up.send();
        };
        let inner = Arc::new(Inner {
            options,
            session: Uuid::now_v7().to_string(),
            writer: Writer::start(path, lock, Arc::clone(&outage), notify_others)?,
            readers: file::readers(path)?,
            state: state.clone(),
            watcher,
            commits: Mutex::default(),
            more_to_trim: Arc::default(),
            outage,
        });
        let thread = watcher::start(path, Arc::downgrade(&inner), state)?;
        inner.watcher.get_or_init(|| thread);
        Ok(Self { inner })
    }

    /// How far a group has read, as it last said.
    ///
    /// # Errors
    /// When the file fails.
    pub async fn committed(&self, group: &str) -> Result<Vec<Committed>, BrokerError> {
        let group = group.to_owned();
        let read = move |connection: &Connection| committed(connection, &group);
        self.inner.read(read).await
    }
}

#[async_trait]
impl Broker for EmbeddedBroker {
    async fn ensure_topics(&self, topics: &[Topic]) -> Result<(), BrokerError> {
        let topics = topics.to_vec();
        let ensure =
            move |connection: &Connection| topics::ensure(connection, &topics, file::now());
        self.inner.writer.run(ensure).await
    }

    async fn publish(&self, messages: &[Publication]) -> Result<Vec<PublishOutcome>, BrokerError> {
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        let messages = messages.to_vec();
        let max_bytes = self.inner.options.max_message_bytes;
        let append = move |connection: &Connection| {
            append::append(connection, &messages, max_bytes, file::now())
        };
        self.inner.writer.run(append).await
    }

    async fn subscribe(
        &self,
        group: &str,
        topics: &[String],
    ) -> Result<Box<dyn Subscription>, BrokerError> {
        let inner = Arc::clone(&self.inner);
        Ok(Box::new(
            EmbeddedSubscription::join(inner, group, topics).await?,
        ))
    }

    async fn partitions(&self, topic: &str) -> Result<Vec<Assignment>, BrokerError> {
        let topic = topic.to_owned();
        let read = move |connection: &Connection| topics::partitions(connection, &topic);
        self.inner.read(read).await
    }

    async fn delete_topic(&self, topic: &str) -> Result<(), BrokerError> {
        let topic = topic.to_owned();
        let delete = move |connection: &Connection| topics::delete(connection, &topic, file::now());
        self.inner.writer.run(delete).await
    }
}

impl Inner {
    /// Reads from one snapshot.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, BrokerError> {
        Ok(self.readers.read(work).await?)
    }

    /// Lets the watching thread look at once.
    pub(super) fn wake(&self) {
        wake(&self.watcher);
    }

    /// Notes how far a partition was read.
    pub(super) fn note(&self, commit: Commit) {
        let key = (commit.group.clone(), commit.partition);
        let mut commits = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        commits.insert(key, commit);
    }

    /// Writes what was noted, some time soon.
    pub(super) fn flush(&self) {
        let mut noted = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.is_empty() {
            return;
        }
        let commits: Vec<_> = noted.drain().map(|(_, commit)| commit).collect();
        drop(noted);
        self.writer.post(move |connection: &Connection| {
            groups::commit(connection, &commits)?;
            Ok(Notify::Nobody)
        });
    }

    /// Says that this process lives.
    pub(super) fn renew(&self) {
        let session = self.session.clone();
        let renew = move |connection: &Connection| {
            let moved = groups::renew(connection, &session, file::now())?;
            Ok(if moved {
                Notify::Others
            } else {
                Notify::Nobody
            })
        };
        self.writer.post(renew);
        self.flush();
    }

    /// Deletes a slice of what is due.
    pub(super) fn trim(&self) {
        let before = file::now() - self.options.retention_ms;
        let more = Arc::clone(&self.more_to_trim);
        self.writer.post(move |connection: &Connection| {
            more.store(trim::trim(connection, before)?, Ordering::Relaxed);
            Ok(Notify::Nobody)
        });
    }
}

impl Drop for Inner {
    /// The watching thread finds out that it is alone.
    fn drop(&mut self) {
        self.wake();
    }
}

fn wake(watcher: &OnceLock<Thread>) {
    if let Some(thread) = watcher.get() {
        thread.unpark();
    }
}

fn committed(connection: &Connection, group: &str) -> Result<Vec<Committed>, Error> {
    let mut statement = connection.prepare_cached(
        r#"SELECT topic, number, committed.next, partitions.next FROM committed
           JOIN partitions ON id = partition WHERE "group" = ?1 ORDER BY topic, number"#,
    )?;
    let rows = statement.query_map([group], |row| {
        Ok(Committed {
            topic: row.get(0)?,
            partition: row.get(1)?,
            next: row.get(2)?,
            end: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
