//! Where the handlers of a service stand, for tests.

use super::handler_state::HandlerState;
use super::registry::Handlers;
use platform_contract::schema::Schema;
use platform_ports::engine::{Engine, EngineError, Generation};

/// Where a handler stands.
#[derive(Debug, Clone)]
pub struct HandlerStatus {
    /// Its id.
    pub handler: &'static str,
    /// The topic it reads.
    pub topic: &'static str,
    /// The context that owns the topic.
    pub owner: &'static str,
    /// The kind of aggregate in it.
    pub aggregate_type: &'static str,
    /// The table of a projection.
    pub projection: Option<&'static Schema>,
    /// The generation that counts.
    pub generation: Generation,
    /// Whether it waits for nothing, and no other generation is being made.
    pub complete: bool,
}

impl Handlers {
    /// Where each of them stands; `None` while one of them has not begun.
    pub async fn status(
        &self,
        engine: &dyn Engine,
    ) -> Result<Option<Vec<HandlerStatus>>, EngineError> {
        let mut all = Vec::new();
        for descriptor in self.descriptors() {
            let Some((state, _)) = HandlerState::load(engine, descriptor.id).await? else {
                return Ok(None);
            };
            let complete = state
                .generation(state.active)
                .is_some_and(|b| b.is_complete());
            all.push(HandlerStatus {
                handler: descriptor.id,
                topic: descriptor.topic,
                owner: descriptor.owner,
                aggregate_type: descriptor.aggregate_type,
                projection: descriptor.projection,
                generation: state.active,
                complete: complete && state.generations.len() == 1,
            });
        }
        Ok(Some(all))
    }
}
