//! A way to a server that can be cut off and held up.

use std::net::SocketAddr;
use std::str::FromStr;

use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Passes on what comes in on a port of its own.
pub struct Proxy {
    options: PgConnectOptions,
    server: SocketAddr,
    address: SocketAddr,
    passing: JoinSet<()>,
    held: watch::Sender<bool>,
}

impl Proxy {
    /// To the server of this URL.
    pub async fn to(url: &str) -> Self {
        let options = PgConnectOptions::from_str(url).expect("a URL of PostgreSQL");
        let server = SocketAddr::from(([127, 0, 0, 1], options.get_port()));
        let mut proxy = Self {
            options,
            server,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            passing: JoinSet::new(),
            held: watch::Sender::new(false),
        };
        proxy.again().await;
        proxy
    }

    /// The URL by which the server is reached through it.
    pub fn url(&self) -> String {
        let options = self.options.clone().port(self.address.port());
        options.to_url_lossy().to_string()
    }

    /// Cuts all connections, and refuses new ones.
    pub async fn kill(&mut self) {
        self.passing.shutdown().await;
    }

    /// Takes connections, and passes nothing on.
    pub fn hold(&self) {
        self.held.send_replace(true);
    }

    /// Passes on again, over new connections.
    pub async fn again(&mut self) {
        self.kill().await;
        self.held.send_replace(false);
        let listener = TcpListener::bind(self.address).await.expect("the port");
        self.address = listener.local_addr().expect("a port");
        let (server, held) = (self.server, self.held.subscribe());
        self.passing.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((incoming, _)) = listener.accept().await {
                connections.spawn(pass(incoming, server, held.clone()));
            }
        });
    }
}

async fn pass(mut incoming: TcpStream, server: SocketAddr, mut held: watch::Receiver<bool>) {
    let mut outgoing = TcpStream::connect(server).await.expect("the server");
    let is_held = tokio::select! {
        // Its end is either side's business.
        _ = copy_bidirectional(&mut incoming, &mut outgoing) => false,
        held = held.wait_for(|held| *held) => held.is_ok(),
    };
    if is_held {
        // Both ends stay open.
        std::future::pending::<()>().await;
    }
}
