//! What is kept of a handler: the generation that counts, perhaps another that is being made beside it,
//! and those that are retired.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::contention::{Contention, commit};
use super::generation_state::GenerationState;
use platform_contract::value::Timestamp;
use platform_ports::engine::{
    Document, DocumentWrite, Documents, Engine, EngineError, Generation, WriteSet,
};

/// What [`Documents::Projections`] keeps of a handler.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct HandlerState {
    /// The generation that counts.
    pub active: Generation,
    /// The last one that was begun.
    pub last: Generation,
    /// How many partitions the topic has.
    pub partitions: u32,
    /// All that are kept up to date.
    pub generations: BTreeMap<Generation, GenerationState>,
    /// Those that are to be removed.
    pub retired: BTreeMap<Generation, RetiredGeneration>,
}

/// A generation that is no longer used.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RetiredGeneration {
    /// When it was given up, by the database's clock.
    pub at: Timestamp,
    /// The topic it read.
    pub topic: String,
}

impl HandlerState {
    /// What is kept of a handler, with the version of the document.
    pub async fn load(
        engine: &dyn Engine,
        handler: &str,
    ) -> Result<Option<(Self, u64)>, EngineError> {
        let document = engine.document(Documents::Projections, handler).await?;
        document
            .map(|document| Ok((Self::read(&document)?, document.version)))
            .transpose()
    }

    /// What a document of [`Documents::Projections`] says.
    pub fn read(document: &Document) -> Result<Self, EngineError> {
        let handler = &document.key;
        Self::deserialize(&document.body)
            .map_err(|error| EngineError::Corrupt(format!("state {handler}: {error}")))
    }

    /// Whether any generation waits for something.
    pub fn awaits(&self) -> bool {
        self.generations
            .values()
            .any(|generation_state| !generation_state.is_complete())
    }

    /// The write that keeps it.
    pub fn put(&self, handler: &str, expected: u64) -> DocumentWrite {
        DocumentWrite::Put {
            collection: Documents::Projections,
            expected,
            document: Document {
                key: handler.to_owned(),
                group: handler.to_owned(),
                position: 0,
                due: None,
                version: 0,
                body: json!(self),
            },
        }
    }

    /// Changes what is kept, together with what else is to be written; `change` answers `None` when
    /// there is nothing to change, and is asked again when others were faster.
    pub async fn change<T>(
        engine: &dyn Engine,
        handler: &str,
        mut change: impl FnMut(&mut Self) -> Option<(T, WriteSet)>,
    ) -> Result<Option<T>, EngineError> {
        let mut contention = Contention::over(format!("the state of `{handler}`"));
        loop {
            let Some((mut state, version)) = Self::load(engine, handler).await? else {
                return Ok(None);
            };
            let Some((answer, mut write)) = change(&mut state) else {
                return Ok(None);
            };
            write.documents.push(state.put(handler, version));
            if commit(engine, write).await? {
                return Ok(Some(answer));
            }
            contention.lost().await?;
        }
    }

    /// The generation of this number, if it is still kept up to date.
    pub fn generation(&self, generation: Generation) -> Option<&GenerationState> {
        self.generations.get(&generation)
    }

    /// Adds a generation. Numbers are not used again: what a replay does is told from what another
    /// one did by its number.
    pub fn add(&mut self, generation_state: GenerationState) {
        self.last += 1;
        self.generations.insert(self.last, generation_state);
    }

    /// The first state of a handler.
    pub fn new(partitions: u32, generation_state: GenerationState) -> Self {
        Self {
            active: 0,
            last: 0,
            partitions,
            generations: BTreeMap::from([(0, generation_state)]),
            retired: BTreeMap::new(),
        }
    }
}
