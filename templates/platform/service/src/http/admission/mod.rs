//! Who may knock. A service on one's own machine is reached by every web page that its user opens:
//! what browsers say of the page that sends a request is heeded, and only what a page cannot send
//! unasked counts as a command.
//!
//! Tools that are no browsers send none of these headers, and are let in.

mod cors;
mod host;
mod media;
mod origin;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

pub use host::HostName;
pub use origin::Origin;

/// Who is let in.
#[derive(Debug, Clone)]
pub struct Admission {
    hosts: Arc<host::Hosts>,
    origins: Arc<Vec<Origin>>,
}

impl Admission {
    /// To a service that listens on this address: called by these names besides its machine's own, and
    /// by pages of these origins besides its own.
    pub fn new(address: IpAddr, hosts: &[HostName], origins: &[Origin]) -> Self {
        Self {
            hosts: Arc::new(host::Hosts::new(address, hosts)),
            origins: Arc::new(origins.to_vec()),
        }
    }

    /// Routes that change something, behind what keeps strange pages from them.
    pub(super) fn before_commands<S>(&self, routes: Router<S>) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        let origins = Arc::clone(&self.origins);
        routes
            .layer(from_fn(media::check))
            .layer(from_fn_with_state(origins, origin::check))
    }

    /// All routes of a listener, behind the check of the name they are called by. Pages of the origins
    /// that are let in may read the answers.
    pub(super) fn before_all(&self, routes: Router) -> Router {
        let routes = match self.origins.is_empty() {
            true => routes,
            false => routes.layer(cors::layer(&self.origins)),
        };
        routes.layer(from_fn_with_state(Arc::clone(&self.hosts), host::check))
    }
}
