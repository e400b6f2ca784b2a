//! A proxy in front of a server, which can be cut and mended.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A port of this machine that leads to a server; cut when this is dropped.
pub(super) struct Proxy {
    _carried: JoinSet<()>,
}

impl Proxy {
    /// Lets a port lead to a server.
    pub(super) async fn open(port: u16, server: &str) -> Self {
        let here = SocketAddr::from(([127, 0, 0, 1], port));
        let listener = TcpListener::bind(here).await.expect("the port is free");
        let server = server.to_owned();
        let mut carried = JoinSet::new();
        carried.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let server = server.clone();
                connections.spawn(async move {
                    if let Ok(mut far) = TcpStream::connect(server).await {
                        // It ends as either side does.
                        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
        });
        Self { _carried: carried }
    }
}
