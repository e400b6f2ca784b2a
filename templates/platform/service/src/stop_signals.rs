//! What asks a service to end: a signal, or the end of its standard input.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// What asks a service to end. Signals do from the moment it is there, however often.
pub(super) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
    stdin: Option<oneshot::Receiver<()>>,
}

impl StopSignals {
    /// Watches for SIGINT and SIGTERM, and for the end of standard input only where that is asked for:
    /// what a supervisor runs in the background has none, or an empty one.
    pub fn watch(stdin: bool) -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            stdin: stdin.then(end_of_stdin).transpose()?,
        })
    }

    /// Waits until it is asked to end, or once more. Standard input ends but once.
    pub async fn received(&mut self) {
        let stdin = async {
            match &mut self.stdin {
                // Gone without a word, its reader has failed: standard input is of no use either.
                Some(ended) => drop(ended.await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            () = stdin => self.stdin = None,
        }
    }
}

/// Tells when standard input has ended. A thread of its own reads it: the runtime would wait for one of
/// its own when it ends, and nothing wakes a read from a pipe that stays open.
fn end_of_stdin() -> io::Result<oneshot::Receiver<()>> {
    let (tell, ended) = oneshot::channel();
    let read = move || {
        // An error is an end as well: nothing will come any more.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        // Nobody listens when the service has ended by itself.
        let _ = tell.send(());
    };
    std::thread::Builder::new()
        .name("stdin".to_owned())
        .spawn(read)?;
    Ok(ended)
}
