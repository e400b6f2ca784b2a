//! Whether the service can serve, and what keeps it from it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::writes::Writes;
use crate::http::health::Readiness;
use platform_ports::engine::Engine;
use platform_ports::location::Location;
use platform_runtime::Runtime;
use platform_runtime::handler::Handlers;
use platform_runtime::recovery_request::commands_topic;

/// How long each has to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// Asks what a service stands on.
pub(super) struct ReadinessChecks {
    pub(super) runtime: Arc<Runtime>,
    pub(super) database: Location,
    pub(super) broker: Location,
    pub(super) handlers: Handlers,
    pub(super) writes: Writes,
}

#[async_trait]
impl Readiness for ReadinessChecks {
    async fn reasons(&self) -> Vec<String> {
        let Runtime {
            system,
            context,
            engine,
            broker,
            ..
        } = &*self.runtime;
        let topic = commands_topic(system, context);
        let (database, broker, handlers) = tokio::join!(
            self.database(&**engine),
            reason(broker.partitions(&topic)),
            reason(self.handlers.ready(&self.runtime)),
        );
        let database = database.map(|why| {
            let at = &self.database;
            format!("database `{at}`: {why}; `DATABASE_URL` says where it is")
        });
        let broker = broker.map(|why| {
            let at = &self.broker;
            format!("broker `{at}`: {why}; `BROKER_URL` says where it is")
        });
        let handlers = handlers.map(|why| format!("the handlers: {why}"));
        [database, broker, handlers].into_iter().flatten().collect()
    }
}

impl ReadinessChecks {
    /// Why the database is of no use: it does not answer, or takes nothing.
    async fn database(&self, engine: &dyn Engine) -> Option<String> {
        match reason(engine.outbox_depth()).await {
            None => self.writes.reason(engine).await,
            unanswered => unanswered,
        }
    }
}

/// Why something is not ready, if it is not.
pub(super) async fn reason<T, E: std::fmt::Display>(
    answer: impl Future<Output = Result<T, E>>,
) -> Option<String> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some("no answer in time; see whether it runs and can be reached".to_owned()),
    }
}
