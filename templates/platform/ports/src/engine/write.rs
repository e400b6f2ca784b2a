//! What is written in one transaction, and on which conditions.

use uuid::Uuid;

use super::{
    DocumentWrite, Documents, EngineError, Find, Generation, OffsetAdvance, OutboxEvent,
    SequenceAdvance, Stored,
};
use platform_contract::schema::Schema;

/// A set of writes that is applied as a whole, on its conditions.
#[derive(Debug, Default)]
pub struct WriteSet {
    /// What must still hold.
    pub checks: Vec<Check>,
    /// Changes of tables; at most one aggregate, or rows of projections.
    pub saves: Vec<Save>,
    /// Events of the saved aggregate, in order; they go into the outbox and the event log.
    pub events: Vec<OutboxEvent>,
    /// Applied sequences to advance.
    pub applied_sequences: Vec<SequenceAdvance>,
    /// Documents of the runtime to write or delete.
    pub documents: Vec<DocumentWrite>,
    /// How far handlers have read.
    pub offsets: Vec<OffsetAdvance>,
}

impl WriteSet {
    /// One that writes documents only.
    pub fn of_documents(documents: Vec<DocumentWrite>) -> Self {
        Self {
            documents,
            ..Self::default()
        }
    }
}

impl WriteSet {
    /// The checks that its changes do not make anyhow: a change is made to the version it expects.
    pub fn conditions(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| !self.is_made(check))
    }

    fn is_made(&self, check: &Check) -> bool {
        let Check::Version {
            schema,
            generation,
            id,
            version,
        } = check
        else {
            return false;
        };
        self.saves.iter().any(|save| {
            save.schema.table == schema.table
                && (save.generation, save.id(), save.expected) == (*generation, *id, *version)
        })
    }
}

/// A condition of a write set, held against what is there before its own writes.
#[derive(Debug, Clone)]
pub enum Check {
    /// The row still has this version (0: it does not exist and was never deleted).
    Version {
        /// Its table.
        schema: &'static Schema,
        /// Its generation.
        generation: Generation,
        /// Its id.
        id: Uuid,
        /// The version that was read.
        version: u64,
    },
    /// The search still answers with these ids and versions.
    Answer {
        /// The search.
        find: Find,
        /// What it answered.
        rows: Vec<(Uuid, u64)>,
    },
    /// No document is in the group.
    EmptyGroup {
        /// The collection.
        collection: Documents,
        /// The group.
        group: String,
    },
}

/// A change of one row.
#[derive(Debug, Clone)]
pub struct Save {
    /// Its table.
    pub schema: &'static Schema,
    /// Its generation.
    pub generation: Generation,
    /// The version it must have now: 0 when it must not exist; the version at its deletion when it
    /// is made again.
    pub expected: u64,
    /// What it becomes.
    pub to: SaveTo,
}

impl Save {
    /// The row's id.
    pub const fn id(&self) -> Uuid {
        match &self.to {
            SaveTo::Live(stored) => stored.id,
            SaveTo::Deleted { id, .. } => *id,
        }
    }
}

/// What a row becomes.
#[derive(Debug, Clone)]
pub enum SaveTo {
    /// These members at this version.
    Live(Stored),
    /// Gone: id and version stay behind.
    Deleted {
        /// Its id.
        id: Uuid,
        /// The version its deletion has.
        version: u64,
    },
}

/// Why a write set was not applied. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Something that was read has changed, or a document or an applied sequence is not as expected: read
    /// again. Making a row that is there already is this, even where it would break a constraint too.
    #[error("what was read has changed in the meantime")]
    Conflict,
    /// A unique constraint; its name.
    #[error("`{0}` is taken")]
    Taken(&'static str),
    /// A member that references nothing, and the id that it names.
    #[error("`{0}` names nothing that exists")]
    MissingReference(&'static str, Uuid),
    /// A deletion of something that is referenced from this table.
    #[error("it is still referenced by `{0}`")]
    StillReferenced(&'static str),
    /// The outbox is full: the broker has not taken messages for long.
    #[error("the outbox is full")]
    OutboxFull,
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}
