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
use super::ending;
use super::error::{self, Health};
use super::settings::Settings;

/// What became of a message: `Ok` when it is stored.
pub type Answer = Result<(), Code>;

/// A producer that has not failed yet, or has just.
pub struct Producer {
    /// `None` only while it is dropped.
    client: Option<ThreadedProducer<Deliveries>>,
    /// Whether it was given up. Held for reading while messages are handed over: what is given up
    /// in the middle of that must not take the rest.
    given_up: RwLock<bool>,
    /// The partitions into which a message of this producer was stored.
    greeted: Mutex<HashMap<String, HashSet<u32>>>,
}

impl Producer {
    /// Connects with the first message.
    ///
    /// # Errors
    /// When the settings make no sense.
    pub fn new(settings: &Settings, health: &Arc<Health>) -> Result<Self, BrokerError> {
        let deliveries = Deliveries(Arc::clone(health));
        let client = settings.producer().create_with_context(deliveries);
        Ok(Self {
            client: Some(client.map_err(|error| health.error("the settings", &error))?),
            given_up: RwLock::new(false),
            greeted: Mutex::default(),
        })
    }

    /// Whether a message of it was stored in this partition.
    pub fn has_greeted(&self, message: &Publication) -> bool {
        let greeted = self.greeted.lock().unwrap_or_else(PoisonError::into_inner);
        let of = greeted.get(&message.topic);
        of.is_some_and(|of| of.contains(&message.partition))
    }

    /// Notes that one was.
    pub fn greeted(&self, message: &Publication) {
        let mut greeted = self.greeted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of) = greeted.get_mut(&message.topic) {
            of.insert(message.partition);
        } else {
            greeted.insert(message.topic.clone(), HashSet::from([message.partition]));
        }
    }

    /// Hands messages over, each under its number. After one that is not even taken, later ones of
    /// its key are not either.
    pub fn send<'a>(
        &self,
        settings: &Settings,
        messages: impl Iterator<Item = (usize, &'a Publication)>,
    ) -> Arc<Wave> {
        let wave = Arc::new(Wave {
            open: AtomicUsize::new(1),
            answers: Mutex::default(),
            bell: Notify::new(),
        });
        let given_up = self.given_up.read().unwrap_or_else(PoisonError::into_inner);
        let mut stopped = HashSet::new();
        for (number, message) in messages {
            let key = (&message.topic, &message.key);
            if stopped.contains(&key) {
                continue;
            }
            wave.open.fetch_add(1, Ordering::AcqRel);
            let sent = match &self.client {
                Some(client) if !*given_up => send(client, settings, &wave, number, message),
                _ => Err(Code::PurgeQueue),
            };
            if let Err(code) = sent {
                wave.answer(number, Err(code));
                stopped.insert(key);
            }
        }
        drop(given_up);
        wave.close();
        wave
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
    client: &ThreadedProducer<Deliveries>,
    settings: &Settings,
    wave: &Arc<Wave>,
    number: usize,
    message: &Publication,
) -> Result<(), Code> {
    let slot = Slot {
        wave: Arc::clone(wave),
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
        ending::apart("kafka-producer-end", move || drop(client));
    }
}

/// Messages that were handed over together.
pub struct Wave {
    /// How many have no answer, and one more while they are handed over.
    open: AtomicUsize,
    answers: Mutex<Vec<(usize, Answer)>>,
    bell: Notify,
}

impl Wave {
    fn answer(&self, number: usize, answer: Answer) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.push((number, answer));
        drop(answers);
        self.close();
    }

    fn close(&self) {
        if self.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.bell.notify_one();
        }
    }

    /// Waits until all have an answer.
    pub async fn answered(&self) {
        while self.open.load(Ordering::Acquire) > 0 {
            self.bell.notified().await;
        }
    }

    /// The answers so far, each once.
    pub fn take(&self) -> Vec<(usize, Answer)> {
        std::mem::take(&mut *self.answers.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A message's place in its wave.
pub struct Slot {
    wave: Arc<Wave>,
    number: usize,
}

/// Takes the answers in.
pub struct Deliveries(Arc<Health>);

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.0.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.0.heard(&error, reason);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<Slot>;

    fn delivery(&self, result: &DeliveryResult<'_>, slot: Box<Slot>) {
        let answer = match result {
            Ok(_) => Ok(()),
            Err((error, _)) => Err(error::code(error).unwrap_or(Code::Unknown)),
        };
        slot.wave.answer(slot.number, answer);
    }
}
