//! Connections: how many there are, how long they may be silent, and what a request's head may take.
//!
//! HTTP/1.1 alone is spoken: a proxy that speaks HTTP/2 to its clients speaks this to a service.

mod accept;
mod clock;
mod connection;
mod descriptors;
mod refusal;
mod seats;
mod stream;
mod watched;

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::accept::Acceptor;

/// What connections may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// How many there are at a time, at most. More wait, and the one that has waited the longest for
    /// (the rest of) a request makes room.
    pub number: usize,
    /// The longest head of a request, in bytes.
    pub head: usize,
    /// The longest time from the first byte of a request's head to its last.
    pub head_time: Duration,
    /// How long a connection is kept on which no request begins.
    pub idle_time: Duration,
    /// How long an answer waits for its client to take any of it.
    pub stall_time: Duration,
}

/// What answers on an address. Dropped, it is torn off at once, with all its connections.
pub struct Server {
    address: SocketAddr,
    accepting: JoinSet<()>,
    closing: watch::Sender<bool>,
}

impl Server {
    /// Answers on this listener by these routes.
    ///
    /// # Errors
    /// When the listener has no address.
    pub fn start(
        listener: TcpListener,
        routes: Router,
        limits: ConnectionLimits,
    ) -> std::io::Result<Self> {
        let (closing, closed) = watch::channel(false);
        let address = listener.local_addr()?;
        let acceptor = Acceptor::new(routes, limits, closed);
        Ok(Self {
            address,
            accepting: JoinSet::from_iter([acceptor.run(listener)]),
            closing,
        })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, and waits until the requests under way are answered.
    pub async fn close(&mut self) {
        self.closing.send_replace(true);
        self.ended().await;
    }

    /// Waits until it has ended.
    pub async fn ended(&mut self) {
        self.accepting.join_next().await;
    }

    /// Gives up what is still under way.
    pub fn tear_off(&mut self) {
        self.accepting.abort_all();
    }
}
