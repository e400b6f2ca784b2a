//! Which of the waiting messages may be published, and which are done with.

use std::collections::HashSet;

use uuid::Uuid;

use super::back_off::Key;
use crate::broker::{Publication, Published};
use crate::engine::OutboxRow;
use crate::envelope::Control;

/// The oldest messages of a shard, in the order of their commits.
pub struct Plan {
    rows: Vec<OutboxRow>,
    /// Whether each may be published now.
    free: Vec<bool>,
}

/// What came of the messages that were published.
#[derive(Debug, Default)]
pub struct Settled {
    /// Those the broker has, of every key up to the first it has not.
    pub acknowledged: Vec<Uuid>,
    /// Those it will never take, and why.
    pub refused: Vec<(Uuid, String)>,
    /// The keys of those it did not take this time.
    pub failed: Vec<Key>,
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
            let first_of_partition = occupied.insert(place(row));
            let key = key(row);
            let waits = row.refused.is_some()
                || backing_off.contains(&key)
                || blocked.contains(&key)
                || (Control::is(&row.event.wire) && !first_of_partition);
            if waits {
                blocked.insert(key);
            }
            free.push(!waits);
        }
        Self { rows, free }
    }

    fn free(&self) -> impl Iterator<Item = &OutboxRow> {
        let rows = self.rows.iter().zip(&self.free);
        rows.filter_map(|(row, free)| free.then_some(row))
    }

    /// What may be published, in order.
    pub fn publications(&self) -> Vec<Publication> {
        self.free()
            .map(|row| Publication {
                topic: row.event.topic.clone(),
                partition: row.event.partition,
                key: row.event.aggregate_id.to_string(),
                wire: row.event.wire.clone(),
            })
            .collect()
    }

    /// Sorts out what came of [`publications`](Self::publications). What has no outcome has failed.
    pub fn settle(&self, outcomes: Vec<Published>) -> Settled {
        let mut settled = Settled::default();
        let mut stopped = HashSet::new();
        let missing = || Published::Failed("the broker gave no answer".to_owned());
        let outcomes = outcomes.into_iter().chain(std::iter::repeat_with(missing));
        for (row, outcome) in self.free().zip(outcomes) {
            if stopped.contains(&key(row)) {
                continue;
            }
            match outcome {
                Published::Acknowledged => settled.acknowledged.push(row.event.id),
                Published::Refused(why) => {
                    settled.refused.push((row.event.id, why));
                    stopped.insert(key(row));
                }
                Published::Failed(why) => {
                    tracing::debug!(id = %row.event.id, why, "the broker did not take a message");
                    settled.failed.push(key(row));
                    stopped.insert(key(row));
                }
            }
        }
        settled
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
        self.rows.iter().map(place).collect()
    }
}

fn key(row: &OutboxRow) -> Key {
    (row.event.topic.clone(), row.event.aggregate_id)
}

fn place(row: &OutboxRow) -> (&str, u32) {
    (&row.event.topic, row.event.partition)
}
