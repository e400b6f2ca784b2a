//! Says how fresh a partition is, as often as those who read it need to know.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::Runtime;
use platform_contract::envelope::Control;
use platform_contract::value::Timestamp;
use platform_ports::broker::Publication;

/// How many heartbeats come within the age at which a copy counts as stale: one may be late, and is
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
    /// For a topic whose copies count as stale after so long: the shortest time of all that are
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
    places: Vec<Place>,
}

/// A partition of a topic.
struct Place {
    topic: String,
    partition: u32,
    every: Duration,
    last: Option<Instant>,
}

impl Place {
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
    pub fn new(runtime: &Runtime, beats: &[HeartbeatTopic], partitions: &[u32]) -> Self {
        let place = |beat: &HeartbeatTopic, partition| Place {
            topic: beat.topic.clone(),
            partition,
            every: beat.every,
            last: None,
        };
        let places = beats
            .iter()
            .flat_map(|beat| partitions.iter().map(move |number| place(beat, *number)));
        Self {
            source: runtime.source(),
            places: places.collect(),
        }
    }

    /// Whether any partition is due.
    pub fn are_due(&self) -> bool {
        self.places.iter().any(Place::is_due)
    }

    /// How long until the first partition is due; `None`: nobody needs to know.
    pub fn due_in(&self) -> Option<Duration> {
        self.places.iter().map(Place::due_in).min()
    }

    /// Makes a partition due, where its readers have got an answer that is of use to them once they know
    /// as of when.
    pub fn follow(&mut self, answer: &Publication) {
        for place in &mut self.places {
            if place.topic == answer.topic && place.partition == answer.partition {
                place.last = None;
            }
        }
    }

    /// Leaves what is due to another relay, which has the shard.
    pub fn leave(&mut self) {
        for place in self.places.iter_mut().filter(|place| place.is_due()) {
            place.last = Some(Instant::now());
        }
    }

    /// One for every partition that is due, or nearly, but those that messages still wait for.
    ///
    /// `as_of` has to be the database's time before the read after which nothing else waits.
    pub fn at(&mut self, as_of: Timestamp, undrained: &HashSet<(&str, u32)>) -> Vec<Publication> {
        let heartbeat = Control::Heartbeat { as_of };
        let mut beats = Vec::new();
        if !self.are_due() {
            return beats;
        }
        for place in &mut self.places {
            if place.is_nearly_due()
                && !undrained.contains(&(place.topic.as_str(), place.partition))
            {
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
        // A copy that is told of a whole pause too late is not stale yet, as its reader counts.
        for stale_after in [1_000, 5_000, 60_000, 7 * 24 * 60 * 60 * 1_000] {
            let oldest = 2 * every(stale_after) + Duration::from_millis(CLOCK_TOLERANCE_MS);
            assert!(oldest < Duration::from_millis(stale_after), "{oldest:?}");
        }
    }
}
