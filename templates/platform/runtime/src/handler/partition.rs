//! A partition that a handler reads: how far it is, and what waits in it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use platform_contract::envelope::Control;
use platform_ports::broker::{Assignment, Delivery};

/// A partition that is read.
pub(super) struct Partition {
    /// The offset of the next message.
    pub next: i64,
    /// When it was last written how far it was read.
    pub noted: Instant,
    /// Until when it backs off after a failure, and for how long.
    pub backoff: Option<(Instant, Duration)>,
    /// Up to where messages were read, if not handled.
    seen: i64,
    /// The offsets of those that are no heartbeats.
    events: Vec<i64>,
}

impl Partition {
    /// Read from this offset on.
    pub fn from(next: i64) -> Self {
        Self {
            next,
            noted: Instant::now(),
            backoff: None,
            seen: next,
            events: Vec::new(),
        }
    }

    /// Notes what was read.
    pub fn read(&mut self, deliveries: &[Delivery]) {
        let is_event = |one: &&Delivery| !Control::is_heartbeat(&one.wire);
        let events = deliveries.iter().filter(is_event);
        self.events = events.map(|one| one.offset).collect();
        self.seen = deliveries.last().map_or(self.next, |last| last.offset + 1);
    }

    /// How many messages wait before this end. Heartbeats among them do not, as far as it is known
    /// which they are.
    fn waiting(&self, end: i64) -> i64 {
        let seen = self.seen.max(self.next);
        let unhandled = self.next..end.min(seen);
        let unhandled = self.events.iter().filter(|event| unhandled.contains(event));
        let unhandled = i64::try_from(unhandled.count()).unwrap_or(i64::MAX);
        unhandled + (end - seen).max(0)
    }
}

/// Where the partitions of a topic ended at the last measurement. What has come since is on its way:
/// heartbeats always are.
#[derive(Debug, Default)]
pub(super) struct EndOffsets(Vec<Assignment>);

impl EndOffsets {
    /// How many messages were there at the last measurement already, and wait still.
    pub fn lag(&mut self, partitions: &BTreeMap<u32, Partition>, now: Vec<Assignment>) -> i64 {
        let before = std::mem::replace(&mut self.0, now);
        let still = before.iter().filter(|before| {
            let same = |now: &&Assignment| now.partition == before.partition;
            let now = self.0.iter().find(same);
            now.is_some_and(|now| now.topic_id == before.topic_id)
        });
        still
            .filter_map(|end| Some(partitions.get(&end.partition)?.waiting(end.end)))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use uuid::Uuid;

    use super::{EndOffsets, Partition};
    use platform_contract::envelope::{Control, Wire};
    use platform_contract::value::Timestamp;
    use platform_ports::broker::{Assignment, Delivery};

    fn end(end: i64, topic_id: &str) -> Vec<Assignment> {
        vec![Assignment {
            topic: "t".to_owned(),
            partition: 0,
            topic_id: topic_id.to_owned(),
            start: 0,
            end,
        }]
    }

    fn lag(partition: &mut Option<Partition>, ends: &mut EndOffsets, now: Vec<Assignment>) -> i64 {
        let mut partitions = BTreeMap::new();
        partitions.extend(partition.take().map(|partition| (0, partition)));
        let lag = ends.lag(&partitions, now);
        *partition = partitions.remove(&0);
        lag
    }

    #[test]
    fn what_has_just_come_is_no_lag() {
        let mut ends = EndOffsets::default();
        let mut partition = Some(Partition::from(3));
        assert_eq!(lag(&mut partition, &mut ends, end(9, "a")), 0);
        assert_eq!(lag(&mut partition, &mut ends, end(9, "a")), 6);
        if let Some(partition) = &mut partition {
            partition.next = 9;
        }
        assert_eq!(lag(&mut partition, &mut ends, end(12, "a")), 0);
        assert_eq!(lag(&mut partition, &mut ends, end(1, "b")), 0, "made anew");
    }

    #[test]
    fn heartbeats_do_not_wait() {
        let beat = Control::Heartbeat {
            as_of: Timestamp::now(),
        };
        let beat = beat.to_wire(Uuid::nil(), "/shop/order", Timestamp::now());
        let event = Wire {
            headers: Default::default(),
            payload: Vec::new(),
        };
        let read = [(3, &beat), (4, &event), (5, &beat), (9, &beat)];
        let deliveries = read.map(|(offset, wire)| Delivery {
            topic: "t".to_owned(),
            partition: 0,
            offset,
            key: String::new(),
            wire: wire.clone(),
        });
        let mut partition = Partition::from(3);
        partition.read(&deliveries);
        assert_eq!(
            partition.waiting(10),
            1,
            "what is gone between was a heartbeat too"
        );
        assert_eq!(partition.waiting(12), 3, "nobody has read the last two");
        partition.next = 5;
        assert_eq!(partition.waiting(10), 0);
    }
}
