//! A producer, from its first message to the first that fails.
//!
//! It is idempotent and leaves no gaps: the broker takes a partition's batches in the order in which
//! they were sent, each once, or not at all. As soon as one message has failed, or has had no answer
//! for too long, the whole producer is given up with all it had under way, and the next one begins
//! anew. Of what was under way a part may still be stored, later than what the next one sends of it.
//! That does no harm: whoever publishes begins each key with the first message that was not
//! acknowledged, so what is stored of a key, by whichever producer, goes on without a gap from what
//! was there before; a message comes before its successor the first time both are seen, and what
//! comes after is a repetition of what was acknowledged.
//!
//! The broker compares a batch with the one before only where it knows one of this producer. So the
//! first message into a partition goes alone, and others wait until it is acknowledged.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use platform_ports::broker::{BrokerError, Publication};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::producer::{
    BaseRecord, DeliveryResult, Producer as _, ProducerContext, PurgeConfig, ThreadedProducer,
};
use tokio::sync::Notify;

use super::codec;
use super::error::{self, ConnectionHealth};
use super::settings::Settings;
use super::shutdown;

/// What became of a message: `Ok` when it is stored.
pub type DeliveryOutcome = Result<(), Code>;

/// A producer that has not failed yet, or has just.
pub struct Producer {
    /// `None` only while it is dropped.
    client: Option<ThreadedProducer<DeliveryContext>>,
    /// Whether it was given up. Held for reading while messages are handed over: what is given up
    /// in the middle of that must not take the rest.
    given_up: RwLock<bool>,
    /// The partitions into which a message of this producer was stored.
    stored_in: Mutex<HashMap<String, HashSet<u32>>>,
}

impl Producer {
    /// Connects with the first message.
    ///
    /// # Errors
    /// When the settings make no sense.
    pub fn new(settings: &Settings, health: &Arc<ConnectionHealth>) -> Result<Self, BrokerError> {
        let context = DeliveryContext(Arc::clone(health));
        let client = settings.producer().create_with_context(context);
        Ok(Self {
            client: Some(client.map_err(|error| health.error("the settings", &error))?),
            given_up: RwLock::new(false),
            stored_in: Mutex::default(),
        })
    }

    /// Whether a message of it was stored in this partition.
    pub fn has_stored_in(&self, message: &Publication) -> bool {
        let stored_in = self
            .stored_in
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let of = stored_in.get(&message.topic);
        of.is_some_and(|of| of.contains(&message.partition))
    }

    /// Notes that a message of it was.
    pub fn note_stored_in(&self, message: &Publication) {
        let mut stored_in = self
            .stored_in
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(of) = stored_in.get_mut(&message.topic) {
            of.insert(message.partition);
        } else {
            stored_in.insert(message.topic.clone(), HashSet::from([message.partition]));
        }
    }

    /// Hands messages over, each under its number. After one that is not even taken, later ones of
    /// its key are not either.
    pub fn send<'a>(
        &self,
        settings: &Settings,
        messages: impl Iterator<Item = (usize, &'a Publication)>,
    ) -> Arc<InFlight> {
        let in_flight = Arc::new(InFlight {
            open: AtomicUsize::new(1),
            outcomes: Mutex::default(),
            wake_up: Notify::new(),
        });
        let given_up = self.given_up.read().unwrap_or_else(PoisonError::into_inner);
        let mut stopped = HashSet::new();
        for (number, message) in messages {
            let key = (&message.topic, &message.key);
            if stopped.contains(&key) {
                continue;
            }
            in_flight.open.fetch_add(1, Ordering::AcqRel);
            let sent = match &self.client {
                Some(client) if !*given_up => send(client, settings, &in_flight, number, message),
                _ => Err(Code::PurgeQueue),
            };
            if let Err(code) = sent {
                in_flight.complete(number, Err(code));
                stopped.insert(key);
            }
        }
        drop(given_up);
        in_flight.complete_one();
        in_flight
    }

    /// Gives up all that is under way; nothing more is sent.
    pub fn give_up(&self) {
        let mut given_up = self
            .given_up
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *given_up = true;
        if let Some(client) = &self.client {
            client.purge(PurgeConfig::default().queue().inflight().non_blocking());
        }
    }
}

fn send(
    client: &ThreadedProducer<DeliveryContext>,
    settings: &Settings,
    in_flight: &Arc<InFlight>,
    number: usize,
    message: &Publication,
) -> Result<(), Code> {
    let slot = DeliverySlot {
        in_flight: Arc::clone(in_flight),
        number,
    };
    let topic = settings.full(&message.topic);
    let record = BaseRecord::with_opaque_to(&topic, Box::new(slot))
        .partition(i32::try_from(message.partition).unwrap_or(i32::MAX))
        .key(&message.key)
        .payload(&message.wire.payload)
        .headers(codec::headers(&message.wire));
    let sent = client.send(record);
    sent.map_err(|(error, _)| error::code(&error).unwrap_or(Code::InvalidArgument))
}

impl Drop for Producer {
    /// Ending it takes a while, which nobody should wait for.
    fn drop(&mut self) {
        let client = self.client.take();
        shutdown::close_in_background("kafka-producer-end", move || drop(client));
    }
}

/// Messages that were handed over together, until each has its outcome.
pub struct InFlight {
    /// How many have no outcome, and one more while they are handed over.
    open: AtomicUsize,
    outcomes: Mutex<Vec<(usize, DeliveryOutcome)>>,
    wake_up: Notify,
}

impl InFlight {
    fn complete(&self, number: usize, outcome: DeliveryOutcome) {
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        outcomes.push((number, outcome));
        drop(outcomes);
        self.complete_one();
    }

    fn complete_one(&self) {
        if self.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.wake_up.notify_one();
        }
    }

    /// Waits until all have an outcome.
    pub async fn completed(&self) {
        while self.open.load(Ordering::Acquire) > 0 {
            self.wake_up.notified().await;
        }
    }

    /// The outcomes so far, each once.
    pub fn take_outcomes(&self) -> Vec<(usize, DeliveryOutcome)> {
        std::mem::take(&mut *self.outcomes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Where the outcome of a message goes.
pub struct DeliverySlot {
    in_flight: Arc<InFlight>,
    number: usize,
}

/// The context of a producer's client, which takes the outcomes in.
pub struct DeliveryContext(Arc<ConnectionHealth>);

impl ClientContext for DeliveryContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.0.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.0.note_error(&error, reason);
    }
}

impl ProducerContext for DeliveryContext {
    type DeliveryOpaque = Box<DeliverySlot>;

    fn delivery(&self, result: &DeliveryResult<'_>, slot: Box<DeliverySlot>) {
        let outcome = match result {
            Ok(_) => Ok(()),
            Err((error, _)) => Err(error::code(error).unwrap_or(Code::Unknown)),
        };
        slot.in_flight.complete(slot.number, outcome);
    }
}
