//! Threads that read, each over a connection of its own, so that waiting for the disk holds nobody
//! else up. Under many callers they are two to three times as fast as the pool of blocking threads
//! of the asynchronous runtime, which wakes a thread for every call.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::connect;
use crate::engine::EngineError;

/// A question, which is asked of a connection in a snapshot, or told why there is none.
type Question = Box<dyn FnOnce(Result<&Connection, EngineError>) + Send>;

/// The way to the threads, which end when this is dropped.
pub(super) struct Readers {
    queue: Sender<Question>,
}

impl Readers {
    /// Starts so many threads.
    pub(super) fn start(path: &Path, threads: usize) -> Result<Self, EngineError> {
        let (queue, waiting) = channel();
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..threads {
            let reader = Reader {
                connection: connect::open_reader(path)?,
                path: path.to_owned(),
                waiting: Arc::clone(&waiting),
            };
            std::thread::Builder::new()
                .name("sqlite-reader".to_owned())
                .spawn(move || reader.run())
                .map_err(|error| EngineError::Unavailable(error.to_string()))?;
        }
        Ok(Self { queue })
    }

    /// Reads from one snapshot.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let (reply, answer) = oneshot::channel();
        let question: Question = Box::new(move |connection| {
            if !reply.is_closed() {
                // Who asked may stop waiting at any time.
                let _ = reply.send(connection.and_then(work));
            }
        });
        let stopped = || EngineError::Unavailable("its readers have stopped".to_owned());
        self.queue.send(question).map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

struct Reader {
    connection: Connection,
    path: PathBuf,
    waiting: Arc<Mutex<Receiver<Question>>>,
}

impl Reader {
    fn run(mut self) {
        while let Some(question) = self.next() {
            match self.begin() {
                Ok(()) => question(Ok(&self.connection)),
                Err(error) => question(Err(error)),
            }
            if let Err(error) = self.execute("ROLLBACK") {
                tracing::debug!(%error, "a snapshot did not end; its connection is replaced");
            }
        }
    }

    fn next(&self) -> Option<Question> {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv()
            .ok()
    }

    fn begin(&mut self) -> Result<(), EngineError> {
        if !self.connection.is_autocommit() {
            self.connection = connect::open_reader(&self.path)?;
        }
        self.execute("BEGIN")
    }

    fn execute(&self, sql: &str) -> Result<(), EngineError> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
