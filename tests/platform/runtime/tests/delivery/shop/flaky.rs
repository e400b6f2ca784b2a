//! A real broker on a bad day: some messages it does not take, of some it does not say that it has
//! them.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use platform_ports::broker::{
    Assignment, Broker, BrokerError, Publication, PublishOutcome, Subscription, Topic,
};

/// What happens to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// What the broker says.
    Good,
    /// It is not taken.
    Lost,
    /// It is taken, and said not to be.
    Unsaid,
}

type Decide = dyn Fn(&Publication) -> Fate + Send + Sync;

/// The wrapped broker.
pub struct Flaky {
    inner: Arc<dyn Broker>,
    decide: Box<Decide>,
    /// What the broker has taken, in order.
    pub taken: Mutex<Vec<Publication>>,
}

impl Flaky {
    /// Wraps a broker.
    pub fn new(
        inner: Arc<dyn Broker>,
        decide: impl Fn(&Publication) -> Fate + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            inner,
            decide: Box::new(decide),
            taken: Mutex::default(),
        })
    }

    /// What it has taken so far, in order.
    pub fn taken(&self) -> Vec<Publication> {
        self.taken.lock().expect("no panic").clone()
    }
}

/// Numbers that look random, the same in every run.
pub fn dice(seed: u64) -> impl Fn(u64) -> u64 {
    let state = AtomicU64::new(seed);
    move |sides| {
        let number = state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 31)) % sides
    }
}

#[async_trait]
impl Broker for Flaky {
    async fn ensure_topics(&self, topics: &[Topic]) -> Result<(), BrokerError> {
        self.inner.ensure_topics(topics).await
    }

    async fn publish(&self, messages: &[Publication]) -> Result<Vec<PublishOutcome>, BrokerError> {
        let mut stopped = HashSet::new();
        let mut outcomes = Vec::new();
        for message in messages {
            let failed = PublishOutcome::Failed("a bad day".to_owned());
            if stopped.contains(&message.key) {
                outcomes.push(failed);
                continue;
            }
            let fate = (self.decide)(message);
            if fate == Fate::Lost {
                stopped.insert(&message.key);
                outcomes.push(failed);
                continue;
            }
            let mut outcome = self
                .inner
                .publish(std::slice::from_ref(message))
                .await?
                .remove(0);
            if outcome == PublishOutcome::Acknowledged {
                self.taken.lock().expect("no panic").push(message.clone());
            }
            if fate == Fate::Unsaid {
                outcome = failed;
            }
            if outcome != PublishOutcome::Acknowledged {
                stopped.insert(&message.key);
            }
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    async fn subscribe(
        &self,
        group: &str,
        topics: &[String],
    ) -> Result<Box<dyn Subscription>, BrokerError> {
        self.inner.subscribe(group, topics).await
    }

    async fn partitions(&self, topic: &str) -> Result<Vec<Assignment>, BrokerError> {
        self.inner.partitions(topic).await
    }

    async fn delete_topic(&self, topic: &str) -> Result<(), BrokerError> {
        self.inner.delete_topic(topic).await
    }
}
