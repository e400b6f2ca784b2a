//! What a batch knows of one aggregate, and what becomes of it.

use uuid::Uuid;

use super::parked::Parked;
use super::queue::Queue;
use super::reactor::Scope;
use platform_ports::engine::{
    AppliedSequence, EngineError, Found, Save, SaveTo, SequenceAdvance, WriteSet,
};

/// What a batch knows of one aggregate.
#[derive(Debug)]
pub(super) struct Key {
    before: Option<AppliedSequence>,
    /// How far the handler has come, with what the batch has added.
    pub applied: Option<AppliedSequence>,
    /// The row of the projection, with what the batch has added.
    pub row: Found,
    /// The version of the row that is stored.
    expected: u64,
    save: Option<SaveTo>,
    /// What waits.
    pub parked: Parked,
    /// The queue behind a message that could not be handled.
    pub queue: Option<Queue>,
}

impl Default for Key {
    fn default() -> Self {
        Self {
            before: None,
            applied: None,
            row: Found::Nothing,
            expected: 0,
            save: None,
            parked: Parked::default(),
            queue: None,
        }
    }
}

impl Key {
    /// What is stored; `parked` and `blocked` say whether it is worth looking.
    pub async fn load(
        scope: &Scope,
        aggregate: Uuid,
        applied: Option<AppliedSequence>,
        row: Found,
        parked: bool,
        blocked: bool,
    ) -> Result<Self, EngineError> {
        let mut key = Self {
            before: applied,
            applied,
            expected: version(&row),
            row,
            ..Self::default()
        };
        if parked {
            key.parked = Parked::load(scope, aggregate).await?;
        }
        if blocked {
            key.queue = Queue::load(scope, aggregate).await?;
        }
        Ok(key)
    }

    /// What becomes of the row.
    pub fn set_row(&mut self, to: SaveTo) {
        self.row = match &to {
            SaveTo::Live(row) => Found::Live(row.clone()),
            SaveTo::Deleted { version, .. } => Found::Deleted(*version),
        };
        self.save = Some(to);
    }

    /// Adds what has changed to a write set.
    pub fn finish(self, scope: &Scope, aggregate: Uuid, write: &mut WriteSet) {
        if let (Some(to), Some(schema)) = (self.save, scope.about.projection) {
            write.saves.push(Save {
                schema,
                generation: scope.generation,
                expected: self.expected,
                to,
            });
        }
        if let Some(to) = self.applied.filter(|_| self.applied != self.before) {
            write.applied_sequences.push(SequenceAdvance {
                handler: scope.about.handler.to_owned(),
                generation: scope.generation,
                aggregate,
                from: self.before.map(|applied| applied.sequence),
                to,
            });
        }
        write.documents.extend(self.parked.writes());
        if let Some(queue) = self.queue {
            write
                .documents
                .extend(queue.writes(&scope.group(aggregate)));
        }
    }
}

/// The version of what was found: 0 when nothing was.
pub(super) fn version(found: &Found) -> u64 {
    match found {
        Found::Nothing => 0,
        Found::Deleted(version) => *version,
        Found::Live(row) => row.version,
    }
}
