//! Threads that read, each over a connection of its own, so that waiting for the disk holds nobody
//! else up. Under many callers they are two to three times as fast as the pool of blocking threads
//! of the asynchronous runtime, which wakes a thread for every call.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::error::FileError;

/// A read, which gets a connection in a snapshot, or is told why there is none.
type ReadRequest<E> = Box<dyn FnOnce(Result<&Connection, E>) + Send>;

/// How a connection to read over is opened.
type Connect<E> = Arc<dyn Fn() -> Result<Connection, E> + Send + Sync>;

/// The handle of the threads, which end when this is dropped.
pub struct Readers<E> {
    queue: Sender<ReadRequest<E>>,
}

impl<E: FileError> Readers<E> {
    /// Starts so many threads, each over a connection that `connect` opens.
    ///
    /// # Errors
    /// Those of `connect`, or that a thread cannot be started.
    pub fn start(
        name: &str,
        threads: usize,
        connect: impl Fn() -> Result<Connection, E> + Send + Sync + 'static,
    ) -> Result<Self, E> {
        let (queue, waiting) = channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let connect: Connect<E> = Arc::new(connect);
        for _ in 0..threads {
            let reader = Reader {
                connection: connect()?,
                connect: Arc::clone(&connect),
                waiting: Arc::clone(&waiting),
            };
            std::thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || reader.run())
                .map_err(E::unavailable)?;
        }
        Ok(Self { queue })
    }

    /// Reads from one snapshot.
    ///
    /// # Errors
    /// The work's own, or that there is no snapshot to be had.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let (reply, answer) = oneshot::channel();
        let request: ReadRequest<E> = Box::new(move |connection| {
            if !reply.is_closed() {
                // Who asked may stop waiting at any time.
                let _ = reply.send(connection.and_then(work));
            }
        });
        let stopped = || E::unavailable("its readers have stopped");
        self.queue.send(request).map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

struct Reader<E> {
    connection: Connection,
    connect: Connect<E>,
    waiting: Arc<Mutex<Receiver<ReadRequest<E>>>>,
}

impl<E: FileError> Reader<E> {
    fn run(mut self) {
        while let Some(request) = self.next() {
            match self.begin() {
                Ok(()) => request(Ok(&self.connection)),
                Err(error) => request(Err(error)),
            }
            if let Err(error) = self.execute("ROLLBACK") {
                tracing::debug!(%error, "a snapshot did not end; its connection is replaced");
            }
        }
    }

    fn next(&self) -> Option<ReadRequest<E>> {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv()
            .ok()
    }

    fn begin(&mut self) -> Result<(), E> {
        if !self.connection.is_autocommit() {
            self.connection = (self.connect)()?;
        }
        self.execute("BEGIN")
    }

    fn execute(&self, sql: &str) -> Result<(), E> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Readers;
    use crate::error::tests::TestError;
    use crate::open;
    use rusqlite::Connection;
    use std::sync::{Arc, Barrier};

    fn count(connection: &Connection) -> Result<u32, TestError> {
        let sql = "SELECT count(*) FROM numbers";
        Ok(connection.query_row(sql, [], |row| row.get(0))?)
    }

    #[test]
    fn reads_go_on_at_the_same_time_each_in_its_snapshot() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let file = open(&path, 8, "").unwrap();
        file.execute_batch("CREATE TABLE numbers (number INTEGER) STRICT")
            .unwrap();
        let readers = Readers::start("reader", 2, move || Ok(open(&path, 8, "")?)).unwrap();
        let both = Arc::new(Barrier::new(3));
        let twice = || {
            let both = Arc::clone(&both);
            readers.read(move |connection| {
                let before = count(connection)?;
                both.wait();
                both.wait();
                Ok((before, count(connection)?))
            })
        };
        let insert = || {
            both.wait();
            let done = file.execute_batch("INSERT INTO numbers VALUES (1)");
            both.wait();
            done
        };
        std::thread::scope(|scope| {
            let one = scope.spawn(|| wait_for(twice()));
            let other = scope.spawn(|| wait_for(twice()));
            insert().unwrap();
            assert_eq!(one.join().unwrap(), Ok((0, 0)));
            assert_eq!(other.join().unwrap(), Ok((0, 0)));
        });
        assert_eq!(wait_for(readers.read(count)), Ok(1));
        let no = TestError("no".to_owned());
        let failing = no.clone();
        assert_eq!(wait_for(readers.read(|_| Err::<(), _>(failing))), Err(no));
        assert_eq!(wait_for(readers.read(count)), Ok(1));
    }

    fn wait_for<T>(read: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(read)
    }
}
