//! The first start of a service: its policies and effects begin at the start of their topics, so that
//! it misses nothing that others did before it was there.
//!
//! That a database is new is on record since its first migration. The first service that stands on it
//! takes that mark away, in the write that records where each of its policies and effects begins: from
//! then on this holds for each of them, whenever its topic and its broker are there. Handlers that are
//! added later begin at the end, as projections always do, which ask for the state of everything.

use super::contention::{Contention, commit};
use super::generation_state::GenerationState;
use super::handler_state::HandlerState;
use super::registry::Handlers;
use platform_ports::engine::{DocumentWrite, Documents, Engine, EngineError, NEW, WriteSet};

impl Handlers {
    /// Records where policies and effects begin, if the database is new. Any number of instances may do
    /// so at once.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin_on_new(
        &self,
        engine: &dyn Engine,
        partitions: u32,
    ) -> Result<(), EngineError> {
        let mut contention = Contention::over("the record of the first start");
        loop {
            let Some(mark) = engine.document(Documents::Projections, NEW).await? else {
                return Ok(());
            };
            let taken_away = DocumentWrite::Delete {
                collection: Documents::Projections,
                key: mark.key,
                expected: mark.version,
            };
            let mut documents = vec![taken_away];
            for descriptor in self
                .descriptors()
                .filter(|descriptor| descriptor.projection.is_none())
            {
                if HandlerState::load(engine, descriptor.id).await?.is_none() {
                    let state = HandlerState::new(
                        partitions,
                        GenerationState::from_start(descriptor.topic),
                    );
                    documents.push(state.put(descriptor.id, 0));
                }
            }
            if commit(engine, WriteSet::of_documents(documents)).await? {
                return Ok(());
            }
            contention.lost().await?;
        }
    }
}
