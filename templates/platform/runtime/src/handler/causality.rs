//! Causality: a command that an event caused must not be decided on replicas that have not seen the
//! event yet, or it would be refused on mere lag.

use std::collections::BTreeMap;

use super::command::PendingCommand;
use super::handler_state::HandlerState;
use crate::Runtime;
use platform_contract::value::Timestamp;
use platform_ports::engine::EngineError;

/// How long a command waits for replicas, in milliseconds; then it is decided on what there is.
const PATIENCE_MS: u64 = 30_000;

/// The replicas of a service, by the topics they read.
#[derive(Debug, Default)]
pub(super) struct ReplicasByTopic {
    by_topic: BTreeMap<&'static str, Vec<&'static str>>,
}

impl ReplicasByTopic {
    /// Adds a replica.
    pub fn add(&mut self, topic: &'static str, handler: &'static str) {
        self.by_topic.entry(topic).or_default().push(handler);
    }

    /// Whether all replicas of the command's cause have seen it, or it has waited long enough.
    pub async fn have_reached(
        &self,
        runtime: &Runtime,
        pending: &PendingCommand,
        now: Timestamp,
    ) -> Result<bool, EngineError> {
        let Some(handlers) = self.by_topic.get(pending.after.topic.as_str()) else {
            return Ok(true);
        };
        for handler in handlers {
            if reached(runtime, handler, pending).await? {
                continue;
            }
            if now.millis_since(pending.since) < PATIENCE_MS {
                return Ok(false);
            }
            tracing::warn!(
                handler,
                command = pending.command,
                aggregate = %pending.after.aggregate,
                sequence = pending.after.sequence,
                "the replica has not seen what caused the command; it is decided without"
            );
        }
        Ok(true)
    }
}

async fn reached(
    runtime: &Runtime,
    handler: &str,
    pending: &PendingCommand,
) -> Result<bool, EngineError> {
    let engine = &runtime.engine;
    let Some((state, _)) = HandlerState::load(&**engine, handler).await? else {
        return Ok(false);
    };
    let aggregates = [pending.after.aggregate];
    let applied_sequences = engine
        .applied_sequences(handler, state.active, &aggregates)
        .await?;
    Ok(applied_sequences
        .first()
        .is_some_and(|(_, applied)| applied.sequence >= pending.after.sequence))
}
