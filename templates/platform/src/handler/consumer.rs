//! The loop of a handler: it shares the partitions of its topic with the same handler in other
//! processes, reads each from where the database says it stands, and hands runs of messages over.
//!
//! The offsets are kept with the effects, in the same transaction; what the broker is told of them
//! is for operators only. When the database or the broker fails, the partition rests for a while,
//! and is read again from where it stood.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use prometheus::IntGaugeVec;

use super::metrics;
use super::positions::{self, ReadError};
use super::reactor::Scope;
use super::run::Runner;
use super::sweep::Sweeper;
use crate::broker::{Assignment, Delivery, Polled, Subscription};
use crate::envelope::Control;

/// How many messages are handled in one transaction at most.
const AT_ONCE: u32 = 512;
/// How long one look for messages lasts, in milliseconds.
const WAIT_MS: u64 = 250;
/// The first rest after a failure; it doubles.
const FIRST_REST: Duration = Duration::from_millis(100);
/// The longest rest.
const LONGEST_REST: Duration = Duration::from_secs(10);
/// How long a policy or an effect may go without noting that it has read heartbeats only.
const IDLE: Duration = Duration::from_secs(5);

static LAG: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    metrics::gauge(
        "microdb_consumer_lag",
        "Messages of the handler's topic that it has not read, of those partitions that this process reads.",
    )
});

/// A partition that is read.
struct Partition {
    /// The offset of the next message.
    next: i64,
    /// When it was last written how far it was read.
    noted: Instant,
    /// Until when it rests, and how long the rest was.
    rest: Option<(Instant, Duration)>,
}

/// The loop of one generation of a handler.
pub(super) struct Consumer {
    runner: Runner,
    topic: String,
    partitions: BTreeMap<u32, Partition>,
    sweeper: Sweeper,
}

/// The name under which the processes of a handler share its partitions.
pub(super) fn group(scope: &Scope) -> String {
    let (runtime, handler) = (&scope.runtime, scope.about.handler);
    let name = format!("{}.{}.{handler}", runtime.system, runtime.context);
    match scope.generation {
        0 => name,
        generation => format!("{name}.{generation}"),
    }
}

/// Reads for a generation of a handler until the service shuts down.
pub(super) async fn consume(scope: Scope, topic: String) {
    let mut shutdown = scope.runtime.shutdown.clone();
    let mut rest = FIRST_REST;
    while !*shutdown.borrow() {
        let began = Instant::now();
        let mut consumer = Consumer {
            runner: Runner::new(scope.clone()),
            topic: topic.clone(),
            partitions: BTreeMap::new(),
            sweeper: Sweeper::default(),
        };
        let Err(error) = consumer.session().await else {
            return;
        };
        let (handler, generation) = (scope.about.handler, scope.generation);
        tracing::warn!(handler, generation, %error, "reading was interrupted");
        if began.elapsed() > LONGEST_REST {
            rest = FIRST_REST;
        }
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            _ = shutdown.wait_for(|down| *down) => {}
        }
        rest = (rest * 2).min(LONGEST_REST);
    }
}

impl Consumer {
    async fn session(&mut self) -> Result<(), ReadError> {
        let runtime = self.runner.scope.runtime.clone();
        let group = group(&self.runner.scope);
        let topics = [self.topic.clone()];
        let mut subscription = runtime.broker.subscribe(&group, &topics).await?;
        self.runner.refresh().await?;
        while !*runtime.shutdown.borrow() {
            self.wake(&mut *subscription).await?;
            let owned = self.partitions.keys().copied().collect();
            let busy = self.sweeper.sweep(&mut self.runner, &owned).await;
            let wait = if busy { 0 } else { WAIT_MS };
            match subscription.poll(AT_ONCE, wait).await? {
                Polled::Assigned(assigned) => self.assigned(&mut *subscription, assigned).await?,
                Polled::Revoked(revoked) => {
                    for (_, partition) in revoked {
                        self.partitions.remove(&partition);
                    }
                }
                Polled::OutOfRange { partition, .. } => {
                    self.out_of_range(&mut *subscription, partition).await?;
                }
                Polled::Messages(deliveries) => self.read(&mut *subscription, deliveries).await?,
            }
        }
        Ok(())
    }

    async fn assigned(
        &mut self,
        subscription: &mut dyn Subscription,
        assigned: Vec<Assignment>,
    ) -> Result<(), ReadError> {
        let positions = positions::positions(&self.runner.scope, &assigned).await?;
        for (assignment, next) in assigned.into_iter().zip(positions) {
            self.take(subscription, assignment, next).await?;
        }
        self.runner.refresh().await?;
        Ok(())
    }

    async fn out_of_range(
        &mut self,
        subscription: &mut dyn Subscription,
        partition: u32,
    ) -> Result<(), ReadError> {
        let broker = &self.runner.scope.runtime.broker;
        let all = broker.partitions(&self.topic).await?;
        let Some(assignment) = all.into_iter().find(|one| one.partition == partition) else {
            return Ok(());
        };
        let next = positions::resynchronise(&self.runner.scope, &assignment).await?;
        self.take(subscription, assignment, next).await?;
        self.runner.refresh().await?;
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
        let state = Partition {
            next,
            noted: Instant::now(),
            rest: None,
        };
        self.partitions.insert(partition, state);
        let place = (assignment.topic, partition);
        self.runner
            .incarnations
            .insert(place, assignment.incarnation);
        Ok(())
    }

    async fn read(
        &mut self,
        subscription: &mut dyn Subscription,
        deliveries: Vec<Delivery>,
    ) -> Result<(), ReadError> {
        let Some(last) = deliveries.last() else {
            return Ok(());
        };
        let (number, after) = (last.partition, last.offset + 1);
        let projection = self.runner.scope.about.projection.is_some();
        let Some(partition) = self.partitions.get_mut(&number) else {
            return Ok(());
        };
        let beats = |delivery: &Delivery| Control::is_heartbeat(&delivery.wire);
        if !projection && partition.noted.elapsed() < IDLE && deliveries.iter().all(beats) {
            partition.next = after;
            return Ok(());
        }
        let messages = deliveries.into_iter().map(Into::into).collect();
        let handled = self.runner.run(messages, &mut partition.next).await;
        subscription
            .commit(&self.topic, number, partition.next)
            .await?;
        match handled {
            Ok(()) => {
                partition.noted = Instant::now();
                partition.rest = None;
            }
            Err(error) => {
                let rest = partition
                    .rest
                    .map_or(FIRST_REST, |(_, rest)| (rest * 2).min(LONGEST_REST));
                partition.rest = Some((Instant::now() + rest, rest));
                let handler = self.runner.scope.about.handler;
                tracing::warn!(handler, partition = number, %error, "the partition rests");
                subscription.pause(&self.topic, number, true).await?;
            }
        }
        Ok(())
    }

    /// Reads on where a partition has rested long enough.
    async fn wake(&mut self, subscription: &mut dyn Subscription) -> Result<(), ReadError> {
        let now = Instant::now();
        for (number, partition) in &mut self.partitions {
            if let Some((until, rest)) = partition.rest
                && until <= now
            {
                // The length stays, for the next failure; a success forgets it.
                partition.rest = Some((now + LONGEST_REST, rest));
                subscription
                    .seek(&self.topic, *number, partition.next)
                    .await?;
                subscription.pause(&self.topic, *number, false).await?;
            }
        }
        Ok(())
    }
}

/// Measures how far behind a handler is.
pub(super) async fn measure_lag(scope: &Scope, topic: &str) -> Result<(), ReadError> {
    let runtime = &scope.runtime;
    let offsets = runtime
        .engine
        .offsets(scope.about.handler, scope.generation)
        .await?;
    let partitions = runtime.broker.partitions(topic).await?;
    let behind = |end: &Assignment| {
        let read = offsets.iter().find(|offset| {
            offset.topic == end.topic
                && offset.partition == end.partition
                && offset.incarnation == end.incarnation
        });
        read.map_or(0, |read| (end.end - read.next).max(0))
    };
    LAG.with_label_values(&[scope.about.handler])
        .set(partitions.iter().map(behind).sum());
    Ok(())
}
