//! Says how fresh a partition is, as often as those who read it need to know.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::Runtime;
use platform_contract::envelope::Control;
use platform_contract::value::Timestamp;
use platform_ports::broker::Publication;

/// How many heartbeats come within the age at which a replica counts as stale: one may be late, and is
/// still in time.
const WITHIN: u32 = 3;

/// The shortest pause between the heartbeats of a partition.
const SHORTEST: Duration = Duration::from_millis(100);

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(60);

/// A topic whose readers need to know how fresh it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeartbeatTopic {
    topic: String,
    every: Duration,
}

impl HeartbeatTopic {
    /// For a topic whose replicas count as stale after so long: the shortest time of all that are
    /// declared.
    pub fn of(topic: impl Into<String>, stale_after: Duration) -> Self {
        Self {
            topic: topic.into(),
            every: (stale_after / WITHIN).clamp(SHORTEST, LONGEST),
        }
    }
}

/// The heartbeats of one shard.
pub struct Heartbeats {
    source: String,
    partitions: Vec<HeartbeatPartition>,
}

/// A partition of a topic.
struct HeartbeatPartition {
    topic: String,
    partition: u32,
    every: Duration,
    last: Option<Instant>,
}

impl HeartbeatPartition {
    fn is_due(&self) -> bool {
        self.due_in().is_zero()
    }

    /// Whether it is better told now, together with one that is due.
    fn is_nearly_due(&self) -> bool {
        self.due_in() <= self.every / 4
    }

    fn due_in(&self) -> Duration {
        let since = self.last.map_or(self.every, |last| last.elapsed());
        self.every.saturating_sub(since)
    }
}

impl Heartbeats {
    /// For these partitions of these topics.
    pub fn new(runtime: &Runtime, topics: &[HeartbeatTopic], partitions: &[u32]) -> Self {
        let partition = |topic: &HeartbeatTopic, partition| HeartbeatPartition {
            topic: topic.topic.clone(),
            partition,
            every: topic.every,
            last: None,
        };
        let partitions = topics.iter().flat_map(|topic| {
            partitions
                .iter()
                .map(move |number| partition(topic, *number))
        });
        Self {
            source: runtime.source(),
            partitions: partitions.collect(),
        }
    }

    /// Whether any partition is due.
    pub fn are_due(&self) -> bool {
        self.partitions.iter().any(HeartbeatPartition::is_due)
    }

    /// How long until the first partition is due; `None`: nobody needs to know.
    pub fn due_in(&self) -> Option<Duration> {
        self.partitions.iter().map(HeartbeatPartition::due_in).min()
    }

    /// Makes a partition due, where its readers have got an answer that is of use to them once they know
    /// as of when.
    pub fn hasten(&mut self, answer: &Publication) {
        for partition in &mut self.partitions {
            if partition.topic == answer.topic && partition.partition == answer.partition {
                partition.last = None;
            }
        }
    }

    /// Leaves what is due to another relay, which has the shard.
    pub fn leave(&mut self) {
        for partition in self
            .partitions
            .iter_mut()
            .filter(|partition| partition.is_due())
        {
            partition.last = Some(Instant::now());
        }
    }

    /// One for every partition that is due, or nearly, but those that messages still wait for.
    ///
    /// `as_of` has to be the database's time before the read after which nothing else waits.
    pub fn at(&mut self, as_of: Timestamp, undrained: &HashSet<(&str, u32)>) -> Vec<Publication> {
        let heartbeat = Control::Heartbeat { as_of };
        let mut heartbeats = Vec::new();
        if !self.are_due() {
            return heartbeats;
        }
        for partition in &mut self.partitions {
            if partition.is_nearly_due()
                && !undrained.contains(&(partition.topic.as_str(), partition.partition))
            {
                partition.last = Some(Instant::now());
                heartbeats.push(Publication {
                    topic: partition.topic.clone(),
                    partition: partition.partition,
                    key: format!("heartbeat-{}", partition.partition),
                    wire: heartbeat.to_wire(Uuid::now_v7(), &self.source, as_of),
                });
            }
        }
        heartbeats
    }
}

#[cfg(test)]
mod tests {
    use super::{HeartbeatTopic, LONGEST, SHORTEST};
    use crate::handler::CLOCK_TOLERANCE_MS;
    use std::time::Duration;

    #[test]
    fn a_topic_is_told_of_as_often_as_its_readers_need() {
        let every = |millis| HeartbeatTopic::of("t", Duration::from_millis(millis)).every;
        assert_eq!(every(6_000), Duration::from_secs(2));
        assert_eq!(every(30), SHORTEST);
        assert_eq!(every(7 * 24 * 60 * 60 * 1_000), LONGEST);
        // A replica that is told of a whole pause too late is not stale yet, as its reader counts.
        for stale_after in [1_000, 5_000, 60_000, 7 * 24 * 60 * 60 * 1_000] {
            let oldest = 2 * every(stale_after) + Duration::from_millis(CLOCK_TOLERANCE_MS);
            assert!(oldest < Duration::from_millis(stale_after), "{oldest:?}");
        }
    }
}
