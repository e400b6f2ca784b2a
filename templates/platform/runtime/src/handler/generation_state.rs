//! Where a generation of a handler began, and what it waits for before it is complete.
//!
//! A projection is filled, or filled anew into a shadow generation, from snapshots: the ends of the
//! topic's partitions are recorded, then the owner is asked for the state of all its aggregates,
//! which it publishes between its events. From the recorded ends on, whatever comes is read by the
//! rules of the applied sequence; when each partition has told that its snapshots are complete, nothing is
//! missing. A replay of a policy or an effect is a generation too, with a topic of its own.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use platform_ports::broker::Assignment;
use platform_ports::engine::OffsetAdvance;

/// How a generation began, and what it waits for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct GenerationState {
    /// The topic it reads.
    pub topic: String,
    /// The offset in each partition from which on it reads.
    pub starts: BTreeMap<u32, StartOffset>,
    /// What it waits for before it is complete.
    pub awaited: Option<AwaitedRequest>,
    /// Whether it ever was complete.
    pub filled: bool,
    /// Whether it reads an event log that may not reach back to the first events.
    pub replay: bool,
    /// Whether it reads partitions for which no start is recorded from their first message on: so a
    /// handler begins that has to see all there ever was, though nobody has seen its topic yet.
    #[serde(default)]
    pub from_start: bool,
}

/// Where a generation begins in a partition.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StartOffset {
    pub topic_id: String,
    pub offset: i64,
}

/// A request to the owner whose answers complete a generation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct AwaitedRequest {
    pub request: Uuid,
    /// The partitions that have not told that theirs is complete.
    pub missing: BTreeSet<u32>,
}

impl GenerationState {
    /// A generation that begins at the ends of these partitions.
    pub fn at_end(topic: &str, partitions: &[Assignment]) -> Self {
        Self::at(topic, partitions, |partition| partition.end)
    }

    /// A generation that begins with the first message of the topic, whatever that will be.
    pub fn from_start(topic: &str) -> Self {
        Self {
            from_start: true,
            ..Self::at_start(topic, &[])
        }
    }

    /// A generation that begins with the first message of these partitions.
    pub fn at_start(topic: &str, partitions: &[Assignment]) -> Self {
        Self::at(topic, partitions, |partition| partition.start)
    }

    fn at(topic: &str, partitions: &[Assignment], offset: impl Fn(&Assignment) -> i64) -> Self {
        let start = |partition: &Assignment| StartOffset {
            topic_id: partition.topic_id.clone(),
            offset: offset(partition),
        };
        Self {
            topic: topic.to_owned(),
            starts: partitions
                .iter()
                .map(|partition| (partition.partition, start(partition)))
                .collect(),
            awaited: None,
            filled: false,
            replay: false,
            from_start: false,
        }
    }

    /// The same, complete when every partition has answered a request.
    pub fn awaiting(mut self, request: Uuid) -> Self {
        let missing = self.starts.keys().copied().collect();
        self.awaited = Some(AwaitedRequest { request, missing });
        self
    }

    /// Whether it has all it waits for.
    pub fn is_complete(&self) -> bool {
        self.awaited
            .as_ref()
            .is_none_or(|awaited| awaited.missing.is_empty())
    }

    /// Notes that a partition has answered a request; whether that was awaited.
    pub fn answered(&mut self, request: Uuid, partition: u32) -> bool {
        let awaited = self.awaited.as_mut();
        let Some(awaited) = awaited.filter(|awaited| awaited.request == request) else {
            return false;
        };
        let removed = awaited.missing.remove(&partition);
        self.filled |= awaited.missing.is_empty();
        removed
    }

    /// The partitions in which something had gone by when it began.
    pub fn mid_topic(&self) -> BTreeSet<u32> {
        let generation_state = self.starts.iter();
        generation_state
            .filter(|(_, start)| self.replay || start.offset > 0)
            .map(|(partition, _)| *partition)
            .collect()
    }

    /// Where to read a partition from; `None` when what should be read next is not there: it was
    /// deleted meanwhile, or the topic is another under the same name.
    pub fn position(&self, stored: Option<&OffsetAdvance>, assignment: &Assignment) -> Option<i64> {
        let (topic_id, next) = match stored {
            Some(stored) => (&stored.topic_id, stored.next),
            None => match self.starts.get(&assignment.partition) {
                Some(start) => (&start.topic_id, start.offset),
                None if self.from_start => return Some(assignment.start),
                None => return None,
            },
        };
        let there = assignment.start..=assignment.end;
        (*topic_id == assignment.topic_id && there.contains(&next)).then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::GenerationState;
    use platform_ports::broker::Assignment;
    use platform_ports::engine::OffsetAdvance;

    fn assignment(topic_id: &str, start: i64, end: i64) -> Assignment {
        Assignment {
            topic: "topic".to_owned(),
            partition: 0,
            topic_id: topic_id.to_owned(),
            start,
            end,
        }
    }

    fn stored(topic_id: &str, next: i64) -> OffsetAdvance {
        OffsetAdvance {
            handler: "handler".to_owned(),
            generation: 0,
            topic: "topic".to_owned(),
            partition: 0,
            topic_id: topic_id.to_owned(),
            next,
            as_of: None,
        }
    }

    #[test]
    fn goes_on_where_it_was_and_never_resets_in_silence() {
        let generation_state = GenerationState::at_end("topic", &[assignment("a", 2, 5)]);
        let now = assignment("a", 3, 9);
        assert_eq!(generation_state.position(None, &now), Some(5));
        assert_eq!(
            generation_state.position(Some(&stored("a", 3)), &now),
            Some(3)
        );
        assert_eq!(
            generation_state.position(Some(&stored("a", 9)), &now),
            Some(9)
        );
        assert_eq!(generation_state.position(Some(&stored("a", 2)), &now), None);
        assert_eq!(
            generation_state.position(Some(&stored("a", 10)), &now),
            None
        );
        assert_eq!(generation_state.position(Some(&stored("b", 5)), &now), None);
        assert_eq!(
            generation_state.position(None, &assignment("b", 0, 9)),
            None
        );
        assert_eq!(
            generation_state.position(None, &assignment("a", 6, 9)),
            None
        );
    }

    #[test]
    fn begins_at_the_start_of_a_topic_that_nobody_had_seen() {
        let generation_state = GenerationState::from_start("topic");
        assert_eq!(
            generation_state.position(None, &assignment("a", 3, 9)),
            Some(3)
        );
        assert!(generation_state.mid_topic().is_empty());
        // From then on, what is gone is gone.
        let stored = stored("a", 4);
        assert_eq!(
            generation_state.position(Some(&stored), &assignment("b", 0, 9)),
            None
        );
    }

    #[test]
    fn begins_mid_topic_only_where_something_had_gone_by() {
        let mut partitions = [assignment("a", 0, 0), assignment("a", 0, 4)];
        partitions[1].partition = 1;
        let generation_state = GenerationState::at_end("topic", &partitions);
        assert_eq!(
            generation_state.mid_topic().into_iter().collect::<Vec<_>>(),
            [1]
        );
    }
}
