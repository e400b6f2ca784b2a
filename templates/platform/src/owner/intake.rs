//! Takes requests off the commands topic, each once.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::work;
use crate::broker::{Assignment, BrokerError, Delivery, Polled, Subscription};
use crate::engine::{CommitError, OffsetAdvance, WriteSet};
use crate::envelope::Control;
use crate::requests::commands_topic;
use crate::runtime::Runtime;

/// The handler's id under which offsets are kept, and its group.
const HANDLER: &str = "owner";

/// How many requests are accepted in one write at most.
const AT_ONCE: u32 = 50;

/// A member of the group that accepts requests.
pub struct Intake {
    runtime: Arc<Runtime>,
    subscription: Box<dyn Subscription>,
    incarnations: BTreeMap<(String, u32), String>,
}

/// Why requests could not be accepted; nothing was.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The broker failed.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// The engine failed, or another process accepted the same.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl Intake {
    /// Joins the group.
    ///
    /// # Errors
    /// When the broker fails.
    pub async fn join(runtime: Arc<Runtime>) -> Result<Self, BrokerError> {
        let group = format!("{}.{HANDLER}", runtime.context);
        let topic = commands_topic(runtime.system, runtime.context);
        Ok(Self {
            subscription: runtime.broker.subscribe(&group, &[topic]).await?,
            runtime,
            incarnations: BTreeMap::new(),
        })
    }

    /// Waits for requests, `wait_ms` at most, and accepts them.
    ///
    /// # Errors
    /// When engine or broker fail; the intake has to be joined anew then.
    pub async fn take(&mut self, wait_ms: u64) -> Result<(), IntakeError> {
        match self.subscription.poll(AT_ONCE, wait_ms).await? {
            Polled::Assigned(assignments) => self.begin(assignments).await?,
            Polled::Revoked(_) => {}
            Polled::OutOfRange { topic, partition } => {
                let there = self.runtime.broker.partitions(&topic).await?;
                if let Some(there) = there.iter().find(|there| there.partition == partition) {
                    let start = there.start;
                    self.subscription.seek(&topic, partition, start).await?;
                }
            }
            Polled::Messages(messages) => self.accept(&messages).await?,
        }
        Ok(())
    }

    /// Goes on where the offsets in the database say; in a new topic, at its start.
    async fn begin(&mut self, assignments: Vec<Assignment>) -> Result<(), IntakeError> {
        let offsets = self.runtime.engine.offsets(HANDLER, 0).await;
        let offsets = offsets.map_err(CommitError::from)?;
        for assigned in assignments {
            let offset = offsets.iter().find(|offset| {
                offset.topic == assigned.topic
                    && offset.partition == assigned.partition
                    && offset.incarnation == assigned.incarnation
            });
            let next = offset.map_or(assigned.start, |offset| offset.next);
            let (topic, partition) = (&assigned.topic, assigned.partition);
            self.subscription.seek(topic, partition, next).await?;
            let place = (assigned.topic, assigned.partition);
            self.incarnations.insert(place, assigned.incarnation);
        }
        Ok(())
    }

    /// Accepts the requests among the messages of a partition, and notes that they were read.
    async fn accept(&mut self, messages: &[Delivery]) -> Result<(), IntakeError> {
        let Some(last) = messages.last() else {
            return Ok(());
        };
        let engine = self.runtime.engine.as_ref();
        let now = engine.now().await.map_err(CommitError::from)?;
        let mut write = WriteSet::default();
        let mut ids = HashSet::new();
        // Other commands in the topic are for others to read.
        for message in messages.iter().filter(|message| Control::is(&message.wire)) {
            let request = match Control::from_wire(&message.wire) {
                Ok(request) => request,
                Err(error) => {
                    tracing::warn!(%error, offset = message.offset, "a request is passed over");
                    continue;
                }
            };
            if let Some(id) = request.request()
                && ids.insert(id)
            {
                let accepted = work::accept(engine, id, request, now).await;
                write.documents.extend(accepted.map_err(CommitError::from)?);
            }
        }
        let place = (last.topic.clone(), last.partition);
        write.offsets.push(OffsetAdvance {
            handler: HANDLER.to_owned(),
            generation: 0,
            incarnation: self.incarnations.get(&place).cloned().unwrap_or_default(),
            topic: place.0,
            partition: place.1,
            next: last.offset + 1,
            as_of: None,
        });
        engine.commit(write).await?;
        let (topic, next) = (&last.topic, last.offset + 1);
        self.subscription
            .commit(topic, last.partition, next)
            .await?;
        Ok(())
    }
}
