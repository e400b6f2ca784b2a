//! A service at work in this process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::open::Topics;
use super::readiness::Parts;
use super::{Failure, Service, janitor};
use crate::cache::Keeper;
use crate::config::Config;
use crate::http::Site;
use crate::http::server::Server;
use crate::owner::Owner;
use crate::relay::{Relay, Shard};
use crate::runtime::Runtime;

/// A service at work. Dropped, it is torn off at once, as by a crash; [`shutdown`](Self::shutdown)
/// ends it in order.
pub struct Running {
    runtime: Arc<Runtime>,
    site: Server,
    parts: JoinSet<()>,
    stop_parts: watch::Sender<bool>,
    patience: Duration,
}

impl Service {
    /// Starts the service in this process: migrates and opens its database, opens the broker, as soon
    /// as their servers are there, and listens. `config.port` 0 takes any port.
    ///
    /// # Errors
    /// When something cannot be opened; which, and what to do about it.
    pub async fn start(self, config: &Config) -> Result<Running, Failure> {
        let address = SocketAddr::new(config.host, config.port);
        // First, since it is the likeliest to fail: nothing is touched by a second start.
        let listening = TcpListener::bind(address).await;
        let listener = listening.map_err(|source| Failure::Listen { address, source })?;
        let (stop_parts, stopped) = watch::channel(false);
        let opened = self.open_when_there(config, &listener, &stopped).await?;
        let (runtime, topics_there) = opened;
        let mut parts = self.handlers.spawn(&runtime);
        let topics = self.owned.iter().map(|owned| owned.topic.to_owned());
        let topics: Vec<String> = topics.collect();
        for shard in Shard::all(runtime.engine.shards()) {
            parts.spawn(Relay::new(Arc::clone(&runtime), shard, &topics).run());
        }
        let owner = Owner::new(
            Arc::clone(&runtime),
            self.owned.clone(),
            config.event_log_kept,
        );
        parts.spawn(owner.run());
        parts.spawn(janitor::run(Arc::clone(&runtime)));
        let cache = runtime.cache.as_ref();
        if let Some(cache) = cache.filter(|_| !self.owned.is_empty()) {
            let (runtime, cache) = (Arc::clone(&runtime), Arc::clone(cache));
            parts.spawn(Keeper::new(runtime, cache, self.owned.clone()).run());
        }
        if topics_there == Topics::Missing {
            parts.spawn(self.topics_made(&runtime));
        }
        let site = Server::start(listener, self.site(config, &runtime), config.connections);
        let site = site.map_err(|source| Failure::Listen { address, source })?;
        Ok(Running {
            runtime,
            site,
            parts,
            stop_parts,
            patience: config.shutdown_timeout,
        })
    }

    fn site(self, config: &Config, runtime: &Arc<Runtime>) -> axum::Router {
        let readiness = Parts {
            runtime: Arc::clone(runtime),
            database: config.database.clone(),
            broker: config.broker.clone(),
            handlers: self.handlers,
        };
        let site = Site {
            routes: self.routes,
            openapi: self.openapi,
            limits: config.limits,
            admission: config.admission(),
            readiness: Arc::new(readiness),
        };
        site.router(Arc::clone(runtime))
    }
}

impl Running {
    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.site.address()
    }

    /// What its routes' paths are added to.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// What its parts share.
    pub const fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    /// Waits until a part ends by itself, which none does while all is well.
    pub(super) async fn ended(&mut self) {
        tokio::select! {
            () = self.site.ended() => {}
            Some(ended) = self.parts.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a part of the service has ended");
                }
            }
        }
    }

    /// Ends it: takes no more requests, finishes those under way, publishes what waits, stops.
    pub async fn shutdown(mut self) {
        if timeout(self.patience, self.site.close()).await.is_err() {
            tracing::warn!("requests were still under way; they are given up");
            self.site.tear_off();
        }
        self.stop_parts.send_replace(true);
        let parts = async { while self.parts.join_next().await.is_some() {} };
        if timeout(self.patience, parts).await.is_err() {
            tracing::warn!("handlers were still at work; they go on at the next start");
        }
    }
}
