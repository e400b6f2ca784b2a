//! What answers while the servers that the service stands on are not there yet.

use std::io;
use std::net::TcpListener as StdListener;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::net::TcpListener;

use crate::config::Config;
use crate::http::health::Readiness;
use crate::http::server::Server;
use crate::http::starting;

/// Answers on the service's address until it is dropped: alive, not ready, and why not.
pub(super) struct Starting {
    reason: Arc<Reason>,
    _site: Server,
}

struct Reason(Mutex<String>);

impl Starting {
    /// Begins to answer on the address of this listener, which stays as it is, for this reason.
    pub fn on(listener: &TcpListener, config: &Config, reason: &impl ToString) -> io::Result<Self> {
        let listener = StdListener::from(listener.as_fd().try_clone_to_owned()?);
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let reason = Arc::new(Reason(Mutex::new(reason.to_string())));
        let readiness = Arc::clone(&reason) as Arc<dyn Readiness>;
        let routes = starting(readiness, &config.admission());
        Ok(Self {
            reason,
            _site: Server::start(listener, routes, config.connections)?,
        })
    }

    /// Says from now on that this is why.
    pub fn because(&self, reason: &impl ToString) {
        *self.reason.0.lock().unwrap_or_else(PoisonError::into_inner) = reason.to_string();
    }
}

#[async_trait]
impl Readiness for Reason {
    async fn reasons(&self) -> Vec<String> {
        vec![
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        ]
    }
}
