//! Publishing: which messages go together, and what their outcomes mean.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use platform_ports::broker::{BrokerError, Publication, PublishOutcome};
use rdkafka::error::RDKafkaErrorCode as Code;
use tokio::time::{Instant, timeout_at};

use super::error::{ConnectionHealth, is_refusal};
use super::outcomes::{HELD_UP, LATE, Outcomes};
use super::producer::{InFlight, Producer};
use super::settings::Settings;
use super::topics::Topics;

/// How long messages wait for their outcomes before the producer is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Publishes through one producer after the other.
pub struct Publisher {
    settings: Settings,
    health: Arc<ConnectionHealth>,
    topics: Arc<Topics>,
    current: Mutex<Option<Arc<Producer>>>,
    /// How many partitions topics have, as far as they are known.
    known: Mutex<BTreeMap<String, usize>>,
}

impl Publisher {
    /// Nothing is sent yet.
    ///
    /// # Errors
    /// When the settings make no sense.
    pub fn new(
        settings: &Settings,
        health: &Arc<ConnectionHealth>,
        topics: &Arc<Topics>,
    ) -> Result<Self, BrokerError> {
        Ok(Self {
            settings: settings.clone(),
            health: Arc::clone(health),
            topics: Arc::clone(topics),
            current: Mutex::new(Some(Arc::new(Producer::new(settings, health)?))),
            known: Mutex::default(),
        })
    }

    /// Publishes in order; one outcome each.
    ///
    /// # Errors
    /// When the cluster cannot be asked, or gives no answer at all.
    pub async fn publish(
        &self,
        messages: &[Publication],
    ) -> Result<Vec<PublishOutcome>, BrokerError> {
        let deadline = Instant::now() + PATIENCE;
        let mut outcomes = Outcomes::new(messages);
        self.look_up(&mut outcomes).await?;
        self.send_together(&mut outcomes, deadline).await?;
        self.send_suspects(&mut outcomes, deadline).await?;
        if outcomes.is_silence() {
            let what = format!(
                "no message was acknowledged within {} s",
                PATIENCE.as_secs()
            );
            return Err(self.health.failure(&what, Code::OperationTimedOut));
        }
        Ok(outcomes.finish())
    }

    /// Sorts out what has no partition to go to. Topics are asked for once, if all is well with them.
    async fn look_up(&self, outcomes: &mut Outcomes<'_>) -> Result<(), BrokerError> {
        let topics: BTreeSet<_> = outcomes.messages.iter().map(|one| &one.topic).collect();
        for topic in topics {
            let known = self.known().get(topic).copied();
            let have_leaders = match known {
                Some(count) => vec![true; count],
                None => self.topics.have_leaders(topic).await?.unwrap_or_default(),
            };
            if known.is_none()
                && !have_leaders.is_empty()
                && have_leaders.iter().all(|has_leader| *has_leader)
            {
                self.known().insert(topic.clone(), have_leaders.len());
            }
            for (number, message) in outcomes.messages.iter().enumerate() {
                let partition = message.partition;
                let has_leader = usize::try_from(partition)
                    .ok()
                    .and_then(|at| have_leaders.get(at));
                let why = match has_leader {
                    _ if message.topic != *topic => continue,
                    Some(true) => continue,
                    Some(false) => format!("no broker has partition {partition} of `{topic}`"),
                    None => format!("there is no topic `{topic}` with a partition {partition}"),
                };
                outcomes.set(number, PublishOutcome::Failed(why));
            }
        }
        Ok(())
    }

    /// Sends all that has no outcome, in two rounds: what goes first into its partition, then the rest.
    async fn send_together(
        &self,
        outcomes: &mut Outcomes<'_>,
        deadline: Instant,
    ) -> Result<(), BrokerError> {
        let producer = self.producer()?;
        let mut partitions = HashSet::new();
        let mut first = Vec::new();
        for (number, message) in outcomes.open() {
            let partition = (&message.topic, message.partition);
            if partitions.insert(partition) && !producer.has_stored_in(message) {
                first.push(number);
            }
        }
        if !first.is_empty() {
            self.send(&producer, &first, outcomes, deadline).await;
        }
        let rest: Vec<_> = outcomes.open().map(|(number, _)| number).collect();
        if !rest.is_empty() {
            self.send(&producer, &rest, outcomes, deadline).await;
        }
        Ok(())
    }

    /// A batch is refused as a whole: what was refused with others is sent again, each alone.
    async fn send_suspects(
        &self,
        outcomes: &mut Outcomes<'_>,
        deadline: Instant,
    ) -> Result<(), BrokerError> {
        for number in std::mem::take(&mut outcomes.suspects) {
            if Instant::now() >= deadline || outcomes.is_stopped(number) {
                continue;
            }
            outcomes.reopen(number);
            let producer = self.producer()?;
            self.send(&producer, &[number], outcomes, deadline).await;
        }
        Ok(())
    }

    /// Sends messages and waits for their outcomes. A producer that has failed is given up.
    async fn send(
        &self,
        producer: &Arc<Producer>,
        numbers: &[usize],
        outcomes: &mut Outcomes<'_>,
        deadline: Instant,
    ) {
        let messages = outcomes.messages;
        let sent = outcomes.unstopped(numbers);
        let in_flight = producer.send(
            &self.settings,
            sent.iter().map(|number| (*number, &messages[*number])),
        );
        let late = timeout_at(deadline, in_flight.completed()).await.is_err();
        let failed = self.note_outcomes(producer, &in_flight, sent.len() == 1, outcomes);
        if late || failed {
            self.give_up(producer);
            self.known().clear();
        }
        for number in sent {
            outcomes.unless_set(number, || {
                let why = if late { LATE } else { HELD_UP };
                PublishOutcome::Failed(why.to_owned())
            });
        }
    }

    /// Takes the outcomes in; whether one of them says that the producer has failed.
    fn note_outcomes(
        &self,
        producer: &Producer,
        in_flight: &InFlight,
        alone: bool,
        outcomes: &mut Outcomes<'_>,
    ) -> bool {
        let mut failed = false;
        for (number, outcome) in in_flight.take_outcomes() {
            let message = &outcomes.messages[number];
            match outcome {
                Ok(()) => {
                    producer.note_stored_in(message);
                    self.health.answered();
                    outcomes.set(number, PublishOutcome::Acknowledged);
                }
                Err(code) => {
                    let local = self.is_too_large(message);
                    failed |= !local;
                    outcomes.set(number, self.not_taken(message, code));
                    if is_refusal(code) && !local && !alone {
                        outcomes.suspects.insert(number);
                    }
                }
            }
        }
        failed
    }

    /// Whether the client itself refuses it, before it is under way.
    fn is_too_large(&self, message: &Publication) -> bool {
        let limit = usize::try_from(self.settings.max_message_bytes).unwrap_or(usize::MAX);
        message.size() > limit
    }

    fn not_taken(&self, message: &Publication, code: Code) -> PublishOutcome {
        let size = message.size();
        match code {
            Code::MessageSizeTooLarge if self.is_too_large(message) => {
                let limit = self.settings.max_message_bytes;
                PublishOutcome::Refused(format!("it has {size} bytes, at most {limit} are sent"))
            }
            Code::MessageSizeTooLarge | Code::MessageBatchTooLarge => {
                PublishOutcome::Refused(format!(
                    "it has {size} bytes, which is more than the topic takes (its max.message.bytes)"
                ))
            }
            code if is_refusal(code) => PublishOutcome::Refused(code.to_string()),
            code => PublishOutcome::Failed(code.to_string()),
        }
    }

    fn producer(&self) -> Result<Arc<Producer>, BrokerError> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(producer) = &*current {
            return Ok(Arc::clone(producer));
        }
        let producer = Arc::new(Producer::new(&self.settings, &self.health)?);
        *current = Some(Arc::clone(&producer));
        Ok(producer)
    }

    fn give_up(&self, producer: &Arc<Producer>) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current
            .as_ref()
            .is_some_and(|now| Arc::ptr_eq(now, producer))
        {
            *current = None;
        }
        drop(current);
        producer.give_up();
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
