//! Which of the waiting messages may be published, and which are done with.

use std::collections::HashSet;

use uuid::Uuid;

use super::back_off::{Failed, Key};
use platform_contract::envelope::Control;
use platform_ports::broker::{Publication, PublishOutcome};
use platform_ports::engine::OutboxRow;

/// The oldest messages of a shard, in the order of their commits.
pub struct Plan {
    rows: Vec<OutboxRow>,
    /// Whether each may be published now.
    free: Vec<bool>,
}

/// What became of the messages of a batch that were published.
#[derive(Debug, Default)]
pub struct BatchOutcome {
    /// Those the broker has, of every key up to the first it has not.
    pub acknowledged: Vec<Uuid>,
    /// Those it will never take, and why.
    pub refused: Vec<(Uuid, String)>,
    /// The keys of those it did not take this time.
    pub failed: Vec<Failed>,
}

impl Plan {
    /// Plans a pass over `rows`. A refused message holds up its own key, as backing off does; one of
    /// the runtime's own, which speaks of what stands before it in its partition, waits until
    /// nothing before it does.
    pub fn new(rows: Vec<OutboxRow>, backing_off: &HashSet<&Key>) -> Self {
        let mut blocked = HashSet::new();
        let mut occupied: HashSet<(&str, u32)> = HashSet::new();
        let mut free = Vec::with_capacity(rows.len());
        for row in &rows {
            let first_of_partition = occupied.insert(topic_partition(row));
            let waits = row.refused.is_some()
                || (!backing_off.is_empty() && backing_off.contains(&key(row)))
                || blocked.contains(&keyed(row))
                || (Control::is(&row.event.wire) && !first_of_partition);
            if waits {
                blocked.insert(keyed(row));
            }
            free.push(!waits);
        }
        Self { rows, free }
    }

    fn free(&self) -> impl Iterator<Item = &OutboxRow> {
        let rows = self.rows.iter().zip(&self.free);
        rows.filter_map(|(row, free)| free.then_some(row))
    }

    /// What may be published, in order; its messages are taken out of the plan.
    pub fn publications(&mut self) -> Vec<Publication> {
        let rows = self.rows.iter_mut().zip(&self.free);
        rows.filter(|(_, free)| **free)
            .map(|(row, _)| Publication {
                topic: row.event.topic.clone(),
                partition: row.event.partition,
                key: row.event.aggregate_id.to_string(),
                wire: std::mem::take(&mut row.event.wire),
            })
            .collect()
    }

    /// The messages, whether they may be published or not.
    pub fn ids(&self) -> Vec<Uuid> {
        self.rows.iter().map(|row| row.event.id).collect()
    }

    /// Sorts out what came of [`publications`](Self::publications). What has no outcome has failed.
    pub fn settle(&self, outcomes: Vec<PublishOutcome>) -> BatchOutcome {
        let mut batch = BatchOutcome::default();
        let mut stopped = HashSet::new();
        let mut moved = HashSet::new();
        let missing = || PublishOutcome::Failed("the broker gave no answer".to_owned());
        let outcomes = outcomes.into_iter().chain(std::iter::repeat_with(missing));
        for (row, outcome) in self.free().zip(outcomes) {
            let its = keyed(row);
            if stopped.contains(&its) {
                continue;
            }
            match outcome {
                PublishOutcome::Acknowledged => {
                    batch.acknowledged.push(row.event.id);
                    moved.insert(its);
                }
                PublishOutcome::Refused(why) => {
                    batch.refused.push((row.event.id, why));
                    stopped.insert(its);
                }
                PublishOutcome::Failed(why) => {
                    tracing::debug!(id = %row.event.id, why, "the broker did not take a message");
                    batch.failed.push(Failed {
                        key: key(row),
                        moved: moved.contains(&its),
                    });
                    stopped.insert(its);
                }
            }
        }
        batch
    }

    /// Takes out what has left the outbox.
    pub fn acknowledged(&mut self, ids: &[Uuid]) {
        let ids: HashSet<_> = ids.iter().collect();
        self.rows.retain(|row| !ids.contains(&row.event.id));
        self.free.clear();
    }

    /// How many messages still wait.
    pub fn waiting(&self) -> usize {
        self.rows.len()
    }

    /// The partitions that still have messages waiting for them.
    pub fn undrained(&self) -> HashSet<(&str, u32)> {
        self.rows.iter().map(topic_partition).collect()
    }
}

fn key(row: &OutboxRow) -> Key {
    (row.event.topic.clone(), row.event.aggregate_id)
}

/// A [`key`] that is looked at only.
fn keyed(row: &OutboxRow) -> (&str, Uuid) {
    (&row.event.topic, row.event.aggregate_id)
}

fn topic_partition(row: &OutboxRow) -> (&str, u32) {
    (&row.event.topic, row.event.partition)
}

#[cfg(test)]
mod tests {
    use super::{Plan, PublishOutcome};
    use platform_contract::envelope::{Control, Wire};
    use platform_contract::value::Timestamp;
    use platform_ports::engine::{OutboxEvent, OutboxRow};
    use std::collections::HashSet;
    use uuid::Uuid;

    const KEY: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    fn row(key: Uuid, number: u128) -> OutboxRow {
        OutboxRow {
            position: 0,
            refused: None,
            written_at: Timestamp::now(),
            event: OutboxEvent {
                id: Uuid::from_u128(number),
                aggregate_type: "thing".to_owned(),
                aggregate_id: key,
                sequence: 1,
                kind: "test.thing.ThingChanged.v1".to_owned(),
                topic: "test.thing".to_owned(),
                partition: 0,
                logged: true,
                wire: Wire::default(),
            },
        }
    }

    fn plan(rows: Vec<OutboxRow>) -> Plan {
        Plan::new(rows, &HashSet::new())
    }

    fn ids(ids: &[u128]) -> Vec<Uuid> {
        ids.iter().map(|id| Uuid::from_u128(*id)).collect()
    }

    #[test]
    fn what_was_acknowledged_after_a_failure_stays() {
        let plan = plan(vec![row(KEY, 1), row(KEY, 2), row(KEY, 3), row(OTHER, 4)]);
        let failed = || PublishOutcome::Failed(String::new());
        let good = PublishOutcome::Acknowledged;
        let batch = plan.settle(vec![good.clone(), failed(), good.clone(), good.clone()]);
        assert_eq!(batch.acknowledged, ids(&[1, 4]));
        let batch = plan.settle(vec![
            PublishOutcome::Refused(String::new()),
            good.clone(),
            good,
        ]);
        assert!(batch.acknowledged.is_empty());
        assert_eq!(batch.refused.len(), 1);
        assert_eq!(batch.failed.len(), 1, "no answer is a failure");
    }

    #[test]
    fn a_refused_message_holds_up_its_key() {
        let mut refused = row(KEY, 1);
        refused.refused = Some("too large".to_owned());
        let mut plan = plan(vec![refused, row(KEY, 2), row(OTHER, 3)]);
        assert_eq!(plan.publications().len(), 1);
        let batch = plan.settle(vec![PublishOutcome::Acknowledged]);
        assert_eq!(batch.acknowledged, ids(&[3]));
        plan.acknowledged(&batch.acknowledged);
        assert_eq!(plan.waiting(), 2);
        assert!(plan.undrained().contains(&("test.thing", 0)));
    }

    #[test]
    fn a_marker_waits_for_all_before_it_in_its_partition() {
        let marker = |number| {
            let mut marker = row(Uuid::from_u128(number), number);
            let complete = Control::ReplayComplete { request: KEY };
            marker.event.wire = complete.to_wire(KEY, "/test/thing", Timestamp::now());
            marker
        };
        assert_eq!(plan(vec![row(KEY, 1), marker(8)]).publications().len(), 1);
        assert_eq!(plan(vec![marker(8), row(KEY, 1)]).publications().len(), 2);
        let mut elsewhere = marker(8);
        elsewhere.event.partition = 1;
        assert_eq!(plan(vec![row(KEY, 1), elsewhere]).publications().len(), 2);
    }
}
