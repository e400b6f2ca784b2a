//! What a batch knows of one key, an aggregate, and what becomes of it.

use uuid::Uuid;

use super::blocked_queue::BlockedQueue;
use super::event_handler::HandlerContext;
use super::parked::ParkedMessages;
use platform_ports::engine::{
    AppliedSequence, EngineError, Found, Save, SaveTo, SequenceAdvance, WriteSet,
};

/// What a batch knows of one key, the aggregate whose messages keep their order.
#[derive(Debug)]
pub(super) struct KeyState {
    before: Option<AppliedSequence>,
    /// How far the handler has come, with what the batch has added.
    pub applied: Option<AppliedSequence>,
    /// The row of the projection, with what the batch has added.
    pub row: Found,
    /// The version of the row that is stored.
    expected: u64,
    save: Option<SaveTo>,
    /// What waits.
    pub parked: ParkedMessages,
    /// The queue behind a message that could not be handled.
    pub queue: Option<BlockedQueue>,
}

impl Default for KeyState {
    fn default() -> Self {
        Self {
            before: None,
            applied: None,
            row: Found::Nothing,
            expected: 0,
            save: None,
            parked: ParkedMessages::default(),
            queue: None,
        }
    }
}

impl KeyState {
    /// What is stored; `parked` and `blocked` say whether it is worth looking.
    pub async fn load(
        context: &HandlerContext,
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
            key.parked = ParkedMessages::load(context, aggregate).await?;
        }
        if blocked {
            key.queue = BlockedQueue::load(context, aggregate).await?;
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
    pub fn finish(self, context: &HandlerContext, aggregate: Uuid, write: &mut WriteSet) {
        if let (Some(to), Some(schema)) = (self.save, context.descriptor.projection) {
            write.saves.push(Save {
                schema,
                generation: context.generation,
                expected: self.expected,
                to,
            });
        }
        if let Some(to) = self.applied.filter(|_| self.applied != self.before) {
            write.applied_sequences.push(SequenceAdvance {
                handler: context.descriptor.id.to_owned(),
                generation: context.generation,
                aggregate,
                from: self.before.map(|applied| applied.sequence),
                to,
            });
        }
        write.documents.extend(self.parked.writes());
        if let Some(queue) = self.queue {
            write
                .documents
                .extend(queue.writes(&context.group(aggregate)));
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
