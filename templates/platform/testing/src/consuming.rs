//! Reading topics to the end, for tests.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use platform_ports::broker::{Assignment, Broker, BrokerError, Delivery, Polled, Subscription};

/// How long a test waits for something that has to happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A member of a group that reads everything it is given from the first offset on.
pub struct Reader {
    subscription: Box<dyn Subscription>,
    owned: BTreeSet<(String, u32)>,
}

impl Reader {
    /// Joins a group.
    ///
    /// # Errors
    /// When the broker fails.
    pub async fn join(
        broker: &dyn Broker,
        group: &str,
        topics: &[&str],
    ) -> Result<Self, BrokerError> {
        let topics: Vec<_> = topics.iter().map(|topic| (*topic).to_owned()).collect();
        Ok(Self {
            subscription: broker.subscribe(group, &topics).await?,
            owned: BTreeSet::new(),
        })
    }

    /// The partitions it has now.
    pub fn owned(&self) -> &BTreeSet<(String, u32)> {
        &self.owned
    }

    /// The member itself.
    pub fn subscription(&mut self) -> &mut dyn Subscription {
        self.subscription.as_mut()
    }

    /// One poll of at most 50 ms; partitions it gets it reads from where `from` says.
    ///
    /// # Errors
    /// When the broker fails.
    pub async fn poll(&mut self, from: fn(&Assignment) -> i64) -> Result<Polled, BrokerError> {
        let polled = self.subscription.poll(100, 50).await?;
        match &polled {
            Polled::Assigned(assignments) => {
                for assignment in assignments {
                    let (topic, partition) = (&assignment.topic, assignment.partition);
                    self.subscription
                        .seek(topic, partition, from(assignment))
                        .await?;
                    self.owned.insert((topic.clone(), partition));
                }
            }
            Polled::Revoked(partitions) => {
                self.owned.retain(|owned| !partitions.contains(owned));
            }
            Polled::Messages(_) | Polled::OutOfRange { .. } => {}
        }
        Ok(polled)
    }

    /// Polls until `done` says so of this reader and of what came so far; gives what came.
    ///
    /// # Errors
    /// When the broker fails, or it takes too long.
    pub async fn until(
        &mut self,
        done: impl Fn(&Self, &[Delivery]) -> bool,
    ) -> Result<Vec<Delivery>, BrokerError> {
        let started = Instant::now();
        let mut deliveries = Vec::new();
        while !done(self, &deliveries) {
            if started.elapsed() > PATIENCE {
                let (owned, came) = (self.owned.len(), deliveries.len());
                return Err(BrokerError::Unusable(format!(
                    "waited in vain, with {owned} partitions and {came} messages"
                )));
            }
            if let Polled::Messages(messages) = self.poll(|assignment| assignment.start).await? {
                deliveries.extend(messages);
            }
        }
        Ok(deliveries)
    }
}
