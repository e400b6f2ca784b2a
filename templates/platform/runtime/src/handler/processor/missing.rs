//! Messages that wait, and what is missing before them: it is asked for, and its owner may answer that it
//! has it no more.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use uuid::Uuid;

use super::{MessageProcessor, ROWS, into_transient};
use crate::handler::batch::Batch;
use crate::handler::contention::Contention;
use crate::handler::handler_error::{HandlerError, NotCommitted};
use crate::handler::recovery::{self, RecoveryRequest};
use platform_contract::envelope::{Envelope, partition_of};
use platform_ports::engine::EngineError;

impl MessageProcessor {
    /// Goes on with what waits for an aggregate; whether anything could be done.
    pub async fn drain(&self, aggregate: Uuid) -> Result<bool, EngineError> {
        let mut contention = Contention::over(ROWS);
        loop {
            let aggregates = BTreeSet::from([aggregate]);
            let mut batch = Batch::open(&self.context, &self.mid_topic, &aggregates).await?;
            let mut failed = None;
            match batch.drain(aggregate).await {
                Ok(true) => {}
                Ok(false) => {
                    let missing = batch.missing(aggregate);
                    self.request_missing(aggregate, missing).await;
                    return Ok(false);
                }
                Err(HandlerError::Transient(error)) => return Err(error),
                Err(HandlerError::Poison(why) | HandlerError::NewerVersion(why)) => {
                    failed = Some(why)
                }
            }
            if let Some(why) = failed {
                batch.give_up_head(aggregate, why);
            }
            match self.commit(batch.finish()).await {
                Ok(()) => return Ok(true),
                Err(NotCommitted::Conflict) => contention.lost().await?,
                Err(NotCommitted::Failed(error)) => return Err(into_transient(error)),
            }
        }
    }

    async fn request_missing(&self, aggregate: Uuid, missing: Option<u64>) {
        if let Some(from) = missing {
            self.request(vec![RecoveryRequest::Resend(aggregate, from)])
                .await;
        }
    }

    /// Asks for what is missing; what is not asked for now is when the gap is looked at again.
    pub(super) async fn request(&self, requests: Vec<RecoveryRequest>) {
        for request in requests {
            let due = match request {
                RecoveryRequest::Resend(aggregate, from) if !self.is_filling(aggregate) => {
                    let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
                    recent.gap(&self.context, aggregate, from)
                }
                RecoveryRequest::Resend(..) => None,
                RecoveryRequest::Snapshot(_) | RecoveryRequest::AllSnapshots => {
                    Some((Uuid::now_v7(), request))
                }
            };
            if let Some((id, request)) = due
                && let Err(error) = recovery::send_as(&self.context, id, request).await
            {
                let handler = self.context.descriptor.id;
                self.context.runtime.outages.failed(
                    &error,
                    || tracing::warn!(handler, %error, "what is missing could not be asked for"),
                );
            }
        }
    }

    /// Whether a policy or an effect is told a state because it asked for events.
    pub(super) fn is_lacking(&self, envelope: &Envelope) -> bool {
        if self.context.descriptor.projection.is_some() || !envelope.is_snapshot() {
            return false;
        }
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.is_answered(envelope.subject, envelope.causation)
    }

    /// Whether the aggregate's snapshot is on its way anyhow.
    fn is_filling(&self, aggregate: Uuid) -> bool {
        let partition = partition_of(aggregate, self.context.runtime.partitions);
        self.filling.contains(&partition)
    }
}
