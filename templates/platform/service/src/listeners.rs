//! Where a service listens: for everybody, and for operators where they have a port of their own.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::os::fd::AsFd;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::ServiceError;
use super::status::Status;
use crate::config::Config;
use crate::http::health::Readiness;
use crate::http::server::{ConnectionLimits, Server};
use crate::http::{operators, starting};

/// How many connections operators have at a time: nobody but them is there.
const OPERATORS: usize = 32;

/// Listens for everybody.
pub(super) async fn everybody(config: &Config) -> Result<TcpListener, ServiceError> {
    let address = SocketAddr::new(config.host, config.port);
    let listening = TcpListener::bind(address).await;
    listening.map_err(|source| ServiceError::Listen {
        address,
        variables: "`HOST` and `PORT`",
        source,
    })
}

/// Answers operators on a port of their own, where they have one: from before the service is open
/// until after it is closed.
pub(super) async fn for_operators(
    config: &Config,
    status: &Arc<Status>,
) -> Result<Option<Server>, ServiceError> {
    let Some(address) = config.operators else {
        return Ok(None);
    };
    let failed = |source| ServiceError::Listen {
        address,
        variables: "`OPERATORS_HOST` and `OPERATORS_PORT`",
        source,
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let limits = ConnectionLimits {
        number: OPERATORS,
        ..config.connections
    };
    let readiness = Arc::clone(status) as Arc<dyn Readiness>;
    let routes = operators(readiness, &config.admission_of_operators(address.ip()));
    let server = Server::start(listener, routes, limits).map_err(failed)?;
    tracing::info!(
        url = format!("http://{}", server.address()),
        "answering operators"
    );
    Ok(Some(server))
}

/// Answers on this listener, which stays as it is, as long as the service is not open: alive, not
/// ready, and why not.
pub(super) fn meanwhile(
    listener: &TcpListener,
    config: &Config,
    status: &Arc<Status>,
) -> io::Result<Server> {
    let listener = StdListener::from(listener.as_fd().try_clone_to_owned()?);
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let readiness = Arc::clone(status) as Arc<dyn Readiness>;
    let routes = starting(readiness, &config.admission());
    Server::start(listener, routes, config.connections)
}
