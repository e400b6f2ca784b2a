//! Says how fresh a partition is.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::broker::Publication;
use crate::envelope::Control;
use crate::runtime::Runtime;
use crate::value::Timestamp;

/// The pause between the heartbeats of a partition.
const PAUSE: Duration = Duration::from_secs(1);

/// The heartbeats of one shard.
pub struct Heartbeats {
    source: String,
    places: Vec<Place>,
}

/// A partition of a topic.
struct Place {
    topic: String,
    partition: u32,
    last: Option<Instant>,
}

impl Place {
    fn is_due(&self) -> bool {
        self.last.is_none_or(|last| last.elapsed() >= PAUSE)
    }
}

impl Heartbeats {
    /// For these partitions of these topics.
    pub fn new(runtime: &Runtime, topics: &[String], partitions: &[u32]) -> Self {
        let place = |topic: &String, partition| Place {
            topic: topic.clone(),
            partition,
            last: None,
        };
        let places = topics
            .iter()
            .flat_map(|topic| partitions.iter().map(move |number| place(topic, *number)));
        Self {
            source: runtime.source(),
            places: places.collect(),
        }
    }

    /// Whether any partition is due.
    pub fn are_due(&self) -> bool {
        self.places.iter().any(Place::is_due)
    }

    /// One for every partition that is due, but those that messages still wait for.
    ///
    /// `as_of` has to be the database's time before the read after which nothing else waits.
    pub fn at(&mut self, as_of: Timestamp, undrained: &HashSet<(&str, u32)>) -> Vec<Publication> {
        let heartbeat = Control::Heartbeat { as_of };
        let mut beats = Vec::new();
        for place in &mut self.places {
            if place.is_due() && !undrained.contains(&(place.topic.as_str(), place.partition)) {
                place.last = Some(Instant::now());
                beats.push(Publication {
                    topic: place.topic.clone(),
                    partition: place.partition,
                    key: format!("heartbeat-{}", place.partition),
                    wire: heartbeat.to_wire(Uuid::now_v7(), &self.source, as_of),
                });
            }
        }
        beats
    }
}
