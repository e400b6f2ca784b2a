//! A service at work in this process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::readiness::ReadinessChecks;
use super::status::Status;
use super::topics::Topics;
use super::writes::Writes;
use super::{Service, ServiceError, cleanup, listeners};
use crate::config::Config;
use crate::http::Api;
use crate::http::health::Readiness;
use crate::http::server::Server;
use platform_runtime::Runtime;
use platform_runtime::cache::{self, CacheInvalidator};
use platform_runtime::erasure::Eraser;
use platform_runtime::publisher::{PublishedAggregate, SnapshotPublisher};
use platform_runtime::relay::{HeartbeatTopic, Relay, Shard};
use platform_runtime::unit_of_work;

/// A service at work. Dropped, it is torn off at once, as by a crash; [`shutdown`](Self::shutdown)
/// ends it in order.
pub struct Running {
    runtime: Arc<Runtime>,
    server: Server,
    operators: Option<Server>,
    status: Arc<Status>,
    drain_delay: Duration,
    tasks: JoinSet<()>,
    stop_tasks: watch::Sender<bool>,
    patience: Duration,
}

impl Service {
    /// Starts the service in this process: migrates and opens its database, opens the broker, as soon
    /// as their servers are there, and listens. `config.port` 0 takes any port.
    ///
    /// # Errors
    /// When something cannot be opened; which, and what to do about it.
    pub async fn start(self, config: &Config) -> Result<Running, ServiceError> {
        // First, since it is the likeliest to fail: nothing is touched by a second start.
        let listener = listeners::everybody(config).await?;
        let status = Status::starting();
        let operators = listeners::for_operators(config, &status).await?;
        let (stop_tasks, stopped) = watch::channel(false);
        let opening = self.open_when_there(config, &listener, &status, &stopped);
        let (runtime, topics_there) = opening.await?;
        let tasks = self.spawn_tasks(config, &runtime, topics_there);
        let routes = self.router(config, &runtime, &status);
        let server = Server::start(listener, routes, config.connections);
        Ok(Running {
            runtime,
            server: server.map_err(ServiceError::Threads)?,
            operators,
            status,
            drain_delay: config.drain_delay,
            tasks,
            stop_tasks,
            patience: config.shutdown_timeout,
        })
    }

    /// What works beside the answers.
    fn spawn_tasks(
        &self,
        config: &Config,
        runtime: &Arc<Runtime>,
        topics_there: Topics,
    ) -> JoinSet<()> {
        let mut tasks = self.handlers.spawn(runtime);
        let topic =
            |owned: &PublishedAggregate| Some(HeartbeatTopic::of(owned.topic, owned.stale_after?));
        let heartbeats: Vec<HeartbeatTopic> = self.owned.iter().filter_map(topic).collect();
        for shard in Shard::all(runtime.engine.shards()) {
            tasks.spawn(Relay::new(Arc::clone(runtime), shard, &heartbeats).run());
        }
        let publisher = SnapshotPublisher::new(
            Arc::clone(runtime),
            self.owned.clone(),
            config.event_log_kept,
        );
        tasks.spawn(publisher.run());
        tasks.spawn(cleanup::run(Arc::clone(runtime)));
        let (owned, handlers) = (self.owned.clone(), self.handlers.clone());
        if let Some(eraser) = Eraser::new(Arc::clone(runtime), owned, handlers) {
            tasks.spawn(eraser.run());
        }
        tasks.spawn(platform_runtime::watch_outages(Arc::clone(runtime)));
        self.commands
            .keys()
            .copied()
            .for_each(unit_of_work::declare);
        let cache = runtime.cache.as_ref();
        if let Some(cache) = cache.filter(|_| !self.owned.is_empty()) {
            let aggregates = self.owned.iter().map(|owned| owned.schema.name);
            aggregates.for_each(cache::declare);
            let (runtime, cache) = (Arc::clone(runtime), Arc::clone(cache));
            tasks.spawn(CacheInvalidator::new(runtime, cache, self.owned.clone()).run());
        }
        if topics_there == Topics::Missing {
            tasks.spawn(self.topics_made(runtime));
        }
        tasks
    }

    fn router(self, config: &Config, runtime: &Arc<Runtime>, status: &Arc<Status>) -> axum::Router {
        status.open(ReadinessChecks {
            runtime: Arc::clone(runtime),
            database: config.database.clone(),
            broker: config.broker.clone(),
            handlers: self.handlers,
            writes: Writes::default(),
        });
        let api = Api {
            routes: self.routes,
            openapi: self.openapi,
            limits: config.limits,
            admission: config.admission(),
            metrics: config.operators.is_none(),
            readiness: Arc::clone(status) as Arc<dyn Readiness>,
        };
        api.router(Arc::clone(runtime))
    }
}

impl Running {
    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Where it listens for operators, if they have a port of their own.
    pub fn operators_address(&self) -> Option<SocketAddr> {
        self.operators.as_ref().map(Server::address)
    }

    /// What its routes' paths are added to.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// What its tasks share.
    pub const fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    /// Waits until a task ends by itself, which none does while all is well.
    pub(super) async fn ended(&mut self) {
        tokio::select! {
            () = self.server.ended() => {}
            Some(ended) = self.tasks.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a part of the service has ended");
                }
            }
        }
    }

    /// Says that it is not ready any more, and goes on serving for as long as whoever sends it requests
    /// may take to notice.
    pub async fn drain(&self) {
        self.status.drain();
        tokio::time::sleep(self.drain_delay).await;
    }

    /// Ends it: takes no more requests, finishes those under way, publishes what waits, stops.
    pub async fn shutdown(mut self) {
        self.status.drain();
        if timeout(self.patience, self.server.close()).await.is_err() {
            tracing::warn!("requests were still under way; they are given up");
            self.server.tear_off();
        }
        self.stop_tasks.send_replace(true);
        let tasks = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(self.patience, tasks).await.is_err() {
            tracing::warn!("handlers were still at work; they go on at the next start");
        }
    }
}
