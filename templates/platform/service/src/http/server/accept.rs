//! Takes connections, as many as there is room for.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::connection::Connection;
use super::seats::Seats;
use super::{ConnectionLimits, descriptors};

/// How long nobody is let in after a failure: what is missing comes back when others end.
const BACK_OFF: Duration = Duration::from_millis(100);

pub(super) struct Acceptor {
    routes: Router,
    limits: ConnectionLimits,
    seats: Arc<Seats>,
    closing: watch::Receiver<bool>,
    connections: JoinSet<()>,
    /// Whether the last connection could not be taken.
    failing: bool,
}

impl Acceptor {
    pub fn new(routes: Router, limits: ConnectionLimits, closing: watch::Receiver<bool>) -> Self {
        Self {
            routes,
            limits,
            seats: Seats::new(descriptors::at_most(limits.number)),
            closing,
            connections: JoinSet::new(),
            failing: false,
        }
    }

    /// Takes connections until it is closed, and sees those through that it has.
    pub async fn run(mut self, listener: TcpListener) {
        let mut closing = self.closing.clone();
        tokio::select! {
            () = self.take_all(&listener) => {}
            // Whoever has gone will not have it closed in order.
            _ = closing.wait_for(|closing| *closing) => {}
        }
        drop(listener);
        while self.connections.join_next().await.is_some() {}
    }

    async fn take_all(&mut self, listener: &TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    self.recovered();
                    self.take(stream).await;
                }
                Err(error) if is_of_the_client(&error) => {}
                Err(error) => self.failed(&error).await,
            }
            while self.connections.try_join_next().is_some() {}
        }
    }

    async fn take(&mut self, stream: TcpStream) {
        // Lets the end of an answer leave without waiting until its beginning has arrived.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "answers on a connection may be slow");
        }
        let seat = self.seats.take().await;
        let connection = Connection {
            routes: self.routes.clone(),
            limits: self.limits,
            closing: self.closing.clone(),
            seat,
        };
        self.connections.spawn(connection.run(stream));
    }

    /// Rests rather than try again at once; somebody who only waits may give back what is missing.
    async fn failed(&mut self, error: &io::Error) {
        if !self.failing {
            tracing::error!(%error, "no connection can be taken; trying on");
        }
        self.failing = true;
        self.seats.make_room();
        tokio::time::sleep(BACK_OFF).await;
    }

    fn recovered(&mut self) {
        if std::mem::take(&mut self.failing) {
            tracing::info!("connections are taken again");
        }
    }
}

/// Whether a client has gone before it was let in.
fn is_of_the_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}
