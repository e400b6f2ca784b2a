//! The loop of a handler: it shares the partitions of its topic with the same handler in other
//! processes, reads each from where the database says it stands, and hands runs of messages over.
//!
//! Few messages of many partitions are one run; of many, several runs are handled at a time, which have
//! no partition, and so no aggregate, in common.
//!
//! The offsets are kept with the effects, in the same transaction; what the broker is told of them
//! is for operators only. When the database or the broker fails, the partition backs off for a while,
//! and is read again from where it stood.

mod message_run;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tracing::Instrument;

use self::message_run::poll_more;
use super::event_handler::HandlerContext;
use super::maintenance::Maintenance;
use super::partition::Partition;
use super::poller::MaintenanceSignal;
use super::positions::{self, ReadError};
use super::processor::MessageProcessor;
use crate::task;
use platform_ports::broker::{Assignment, BrokerError, Delivery, Polled, Subscription};
use platform_ports::engine::EngineError;

/// How many messages are handled in one transaction at most.
const AT_ONCE: u32 = 512;
/// The first back-off after a failure; it doubles.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
/// The longest back-off.
const LONGEST_BACKOFF: Duration = Duration::from_secs(10);

/// The loop of one generation of a handler.
pub(super) struct Consumer {
    /// Changed only while no run is under way, so that it is never copied for that.
    processor: Arc<MessageProcessor>,
    topic: String,
    partitions: BTreeMap<u32, Partition>,
    maintenance: Maintenance,
    maintenance_due: MaintenanceSignal,
}

/// The name under which the processes of a handler share its partitions.
pub(super) fn group(context: &HandlerContext) -> String {
    let (runtime, handler) = (&context.runtime, context.descriptor.id);
    let name = format!("{}.{}.{handler}", runtime.system, runtime.context);
    match context.generation {
        0 => name,
        generation => format!("{name}.{generation}"),
    }
}

/// Reads for a generation of a handler until the service shuts down.
pub(super) async fn consume(
    context: HandlerContext,
    topic: String,
    maintenance_due: MaintenanceSignal,
) {
    let mut shutdown = context.runtime.shutdown.clone();
    let mut backoff = FIRST_BACKOFF;
    while !*shutdown.borrow() {
        let began = Instant::now();
        let mut consumer = Consumer {
            processor: Arc::new(MessageProcessor::new(context.clone())),
            topic: topic.clone(),
            partitions: BTreeMap::new(),
            maintenance: Maintenance::default(),
            maintenance_due: maintenance_due.clone(),
        };
        let Err(error) = consumer.session().await else {
            return;
        };
        let (handler, generation) = (context.descriptor.id, context.generation);
        context.runtime.outages.failed(
            &error,
            || tracing::warn!(handler, generation, %error, "reading was interrupted"),
        );
        if began.elapsed() > LONGEST_BACKOFF {
            backoff = FIRST_BACKOFF;
        }
        tokio::select! {
            () = tokio::time::sleep(backoff) => {}
            _ = shutdown.wait_for(|down| *down) => {}
        }
        backoff = (backoff * 2).min(LONGEST_BACKOFF);
    }
}

impl Consumer {
    async fn session(&mut self) -> Result<(), ReadError> {
        let runtime = self.processor.context.runtime.clone();
        let group = group(&self.processor.context);
        let topics = [self.topic.clone()];
        let mut subscription = runtime.broker.subscribe(&group, &topics).await?;
        Arc::make_mut(&mut self.processor).refresh().await?;
        let mut polled = None;
        while !*runtime.shutdown.borrow() {
            self.resume(&mut *subscription).await?;
            let processor = Arc::make_mut(&mut self.processor);
            let busy = self.maintenance.run(processor, &self.partitions).await;
            let next = match polled.take() {
                Some(polled) => Some(polled),
                None if busy => Some(subscription.poll(AT_ONCE, 0).await?),
                None => self.wait(&mut *subscription).await?,
            };
            let Some(next) = next else {
                continue;
            };
            match next {
                Polled::Assigned(assigned) => self.assigned(&mut *subscription, assigned).await?,
                Polled::Revoked(revoked) => {
                    for (_, partition) in revoked {
                        self.partitions.remove(&partition);
                    }
                }
                Polled::OutOfRange { partition, .. } => {
                    self.out_of_range(&mut *subscription, partition).await?;
                }
                Polled::Messages(deliveries) => {
                    self.maintenance.reads(&deliveries);
                    let (found, next) = poll_more(&mut *subscription, deliveries).await?;
                    self.read(&mut *subscription, found).await?;
                    // What a partition that failed has next is read again after its back-off.
                    polled = next.filter(|polled| !self.backs_off(polled));
                }
            }
        }
        Ok(())
    }

    /// Waits until there is something to read, or something else to do.
    async fn wait(
        &mut self,
        subscription: &mut dyn Subscription,
    ) -> Result<Option<Polled>, BrokerError> {
        let backoffs = self.partitions.values().filter_map(|one| one.backoff);
        let backoffs = backoffs.map(|(until, _)| until.saturating_duration_since(Instant::now()));
        let wait = backoffs.fold(self.maintenance.due_in(&self.partitions), Duration::min);
        // Rounded up, so that it is due then.
        let wait_ms = u64::try_from(wait.as_millis())
            .unwrap_or(u64::MAX)
            .saturating_add(1);
        let mut shutdown = self.processor.context.runtime.shutdown.clone();
        tokio::select! {
            polled = subscription.poll(AT_ONCE, wait_ms) => polled.map(Some),
            Ok(()) = self.maintenance_due.changed() => {
                self.maintenance.demand();
                Ok(None)
            }
            _ = shutdown.wait_for(|down| *down) => Ok(None),
        }
    }

    async fn assigned(
        &mut self,
        subscription: &mut dyn Subscription,
        assigned: Vec<Assignment>,
    ) -> Result<(), ReadError> {
        let positions = positions::positions(&self.processor.context, &assigned).await?;
        for (assignment, next) in assigned.into_iter().zip(positions) {
            self.take(subscription, assignment, next).await?;
        }
        Arc::make_mut(&mut self.processor).refresh().await?;
        Ok(())
    }

    async fn out_of_range(
        &mut self,
        subscription: &mut dyn Subscription,
        partition: u32,
    ) -> Result<(), ReadError> {
        let broker = &self.processor.context.runtime.broker;
        let all = broker.partitions(&self.topic).await?;
        let Some(assignment) = all.into_iter().find(|one| one.partition == partition) else {
            return Ok(());
        };
        let next = positions::resynchronise(&self.processor.context, &assignment).await?;
        self.take(subscription, assignment, next).await?;
        Arc::make_mut(&mut self.processor).refresh().await?;
        Ok(())
    }

    async fn take(
        &mut self,
        subscription: &mut dyn Subscription,
        assignment: Assignment,
        next: i64,
    ) -> Result<(), ReadError> {
        let partition = assignment.partition;
        subscription.seek(&self.topic, partition, next).await?;
        self.partitions.insert(partition, Partition::from(next));
        let topic_partition = (assignment.topic, partition);
        let processor = Arc::make_mut(&mut self.processor);
        processor
            .topic_ids
            .insert(topic_partition, assignment.topic_id);
        Ok(())
    }

    /// Handles messages of several partitions at the same time.
    async fn read(
        &mut self,
        subscription: &mut dyn Subscription,
        found: BTreeMap<u32, Vec<Delivery>>,
    ) -> Result<(), ReadError> {
        let mut under_way = JoinSet::new();
        for mut run in self.runs(found) {
            let processor = Arc::clone(&self.processor);
            let handle = async move {
                let handled = processor.process(run.messages, &mut run.next).await;
                (run.next, handled)
            };
            under_way.spawn(handle.in_current_span());
        }
        while let Some(run) = under_way.join_next().await {
            let Some((next, handled)) = task::result(run) else {
                continue;
            };
            for (number, next) in next {
                self.handled(subscription, number, next, &handled).await?;
            }
        }
        Ok(())
    }

    fn backs_off(&self, polled: &Polled) -> bool {
        let Polled::Messages(deliveries) = polled else {
            return false;
        };
        let of = deliveries
            .first()
            .and_then(|first| self.partitions.get(&first.partition));
        of.is_some_and(|partition| partition.backoff.is_some())
    }

    /// Notes how far a run came in a partition, and what became of it.
    async fn handled(
        &mut self,
        subscription: &mut dyn Subscription,
        number: u32,
        next: i64,
        handled: &Result<(), EngineError>,
    ) -> Result<(), ReadError> {
        let Some(partition) = self.partitions.get_mut(&number) else {
            return Ok(());
        };
        partition.next = next;
        subscription.commit(&self.topic, number, next).await?;
        match handled {
            Ok(()) => {
                partition.noted = Instant::now();
                partition.backoff = None;
            }
            Err(error) => {
                let backoff = partition.backoff.map_or(FIRST_BACKOFF, |(_, backoff)| {
                    (backoff * 2).min(LONGEST_BACKOFF)
                });
                partition.backoff = Some((Instant::now() + backoff, backoff));
                let (handler, runtime) = (
                    self.processor.context.descriptor.id,
                    &self.processor.context.runtime,
                );
                runtime.outages.failed(
                    error,
                    || tracing::warn!(handler, partition = number, %error, "the partition rests"),
                );
                subscription.pause(&self.topic, number, true).await?;
            }
        }
        Ok(())
    }

    /// Reads on where a partition has backed off long enough.
    async fn resume(&mut self, subscription: &mut dyn Subscription) -> Result<(), ReadError> {
        let now = Instant::now();
        for (number, partition) in &mut self.partitions {
            if let Some((until, backoff)) = partition.backoff
                && until <= now
            {
                // The length stays, for the next failure; a success forgets it.
                partition.backoff = Some((now + LONGEST_BACKOFF, backoff));
                subscription
                    .seek(&self.topic, *number, partition.next)
                    .await?;
                subscription.pause(&self.topic, *number, false).await?;
            }
        }
        Ok(())
    }
}
