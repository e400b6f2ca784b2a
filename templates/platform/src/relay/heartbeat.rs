//! Says how fresh a partition is.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::broker::Publication;
use crate::envelope::Control;
use crate::runtime::Runtime;
use crate::value::Timestamp;

/// The pause between heartbeats.
const PAUSE: Duration = Duration::from_secs(1);

/// The heartbeats of one shard.
pub struct Heartbeats {
    source: String,
    topics: Vec<String>,
    partitions: Vec<u32>,
    last: Option<Instant>,
}

impl Heartbeats {
    /// For these partitions of these topics.
    pub fn new(runtime: &Runtime, topics: Vec<String>, partitions: Vec<u32>) -> Self {
        Self {
            source: runtime.source(),
            topics,
            partitions,
            last: None,
        }
    }

    /// Whether it is time.
    pub fn due(&self) -> bool {
        self.last.is_none_or(|last| last.elapsed() >= PAUSE)
    }

    /// One for every partition but those that messages still wait for.
    ///
    /// `as_of` has to be the database's time before the read after which nothing else waits.
    pub fn at(&mut self, as_of: Timestamp, undrained: &HashSet<(&str, u32)>) -> Vec<Publication> {
        self.last = Some(Instant::now());
        let heartbeat = Control::Heartbeat { as_of };
        let places = self
            .topics
            .iter()
            .flat_map(|topic| self.partitions.iter().map(move |number| (topic, *number)));
        places
            .filter(|(topic, partition)| !undrained.contains(&(topic.as_str(), *partition)))
            .map(|(topic, partition)| Publication {
                topic: topic.clone(),
                partition,
                key: format!("heartbeat-{partition}"),
                wire: heartbeat.to_wire(Uuid::now_v7(), &self.source, as_of),
            })
            .collect()
    }
}
