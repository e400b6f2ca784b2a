//! Keeps the generations of a handler: a consumer for each, the switch to one that is complete, the
//! cleanup of those that are no longer used.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::{AbortHandle, JoinSet};

use super::consumer::consume;
use super::contention::into_engine_error;
use super::event_handler::{EventHandler, HandlerContext};
use super::generation_state::GenerationState;
use super::handler_state::{HandlerState, RetiredGeneration};
use super::parked;
use super::poller::MaintenanceSignal;
use super::positions::{self, ReadError};
use crate::Runtime;
use platform_contract::value::Timestamp;
use platform_ports::engine::{
    DocumentWrite, Documents, DocumentsQuery, EngineError, Generation, WriteSet,
};

/// How long a generation is kept after it was given up, in milliseconds: until every process of the
/// service has noticed.
const GRACE_MS: u64 = 5_000;
/// How many documents are deleted in one transaction.
const AT_ONCE: u32 = 200;

/// Looks after a handler.
pub(super) struct Supervisor {
    context: HandlerContext,
    maintenance_due: MaintenanceSignal,
    consumers: JoinSet<()>,
    running: BTreeMap<Generation, AbortHandle>,
    /// What may take a while, and holds up no other handler: one thing at a time.
    errand: JoinSet<()>,
}

impl Supervisor {
    /// One for a handler; its consumers are told by `maintenance_due` when there may be something to look after.
    pub fn new(
        runtime: &Arc<Runtime>,
        handler: Arc<dyn EventHandler>,
        maintenance_due: MaintenanceSignal,
    ) -> Self {
        Self {
            context: HandlerContext::new(Arc::clone(runtime), handler, 0),
            maintenance_due,
            consumers: JoinSet::new(),
            running: BTreeMap::new(),
            errand: JoinSet::new(),
        }
    }

    /// The handler's id.
    pub fn handler(&self) -> &'static str {
        self.context.descriptor.id
    }

    /// Does what the handler's state demands; whether that is to change soon.
    pub fn supervise(&mut self, state: Option<HandlerState>, now: Timestamp) -> bool {
        if let Some(state) = &state {
            self.run(state);
        }
        let settled = state
            .as_ref()
            .is_some_and(|state| state.generations.len() == 1 && state.retired.is_empty());
        while self.errand.try_join_next().is_some() {}
        if !settled && self.errand.is_empty() {
            let context = self.context.clone();
            self.errand.spawn(async move {
                if let Err(error) = change(&context, state, now).await {
                    let handler = context.descriptor.id;
                    context.runtime.outages.failed(
                        &error,
                        || tracing::warn!(handler, %error, "a handler could not be looked after"),
                    );
                }
            });
        }
        !settled
    }

    /// Waits for what is under way, when the service shuts down.
    pub async fn finish(mut self) {
        while self.consumers.join_next().await.is_some() {}
        while self.errand.join_next().await.is_some() {}
    }

    /// Starts and stops consumers as the state demands. A consumer may be stopped anywhere: what it
    /// writes is written as a whole.
    fn run(&mut self, state: &HandlerState) {
        while self.consumers.try_join_next().is_some() {}
        self.running.retain(|generation, consumer| {
            let kept = state.generations.contains_key(generation) && !consumer.is_finished();
            if !kept {
                consumer.abort();
            }
            kept
        });
        for (generation, generation_state) in &state.generations {
            self.running.entry(*generation).or_insert_with(|| {
                let context = self.context.at(*generation);
                let maintenance_due = self.maintenance_due.clone();
                self.consumers.spawn(consume(
                    context,
                    generation_state.topic.clone(),
                    maintenance_due,
                ))
            });
        }
    }
}

/// Begins a handler, and sees through what its generations wait for.
async fn change(
    context: &HandlerContext,
    state: Option<HandlerState>,
    now: Timestamp,
) -> Result<(), ReadError> {
    let Some(state) = state else {
        positions::begin(context).await?;
        context.runtime.generations_wake_up.notify_one();
        return Ok(());
    };
    let change = Change { context };
    for (generation, generation_state) in &state.generations {
        if *generation != state.active && generation_state.is_complete() {
            change.complete(&state, *generation).await?;
        }
    }
    for (generation, retired) in &state.retired {
        if now.millis_since(retired.at) > GRACE_MS {
            change.cleanup(*generation, retired).await?;
        }
    }
    Ok(())
}

/// A change of a handler's generations.
struct Change<'a> {
    context: &'a HandlerContext,
}

impl Change<'_> {
    /// A shadow generation that has all it waited for takes over as soon as it has read as far as
    /// the one that counts; a replay is over.
    async fn complete(
        &self,
        state: &HandlerState,
        generation: Generation,
    ) -> Result<(), ReadError> {
        let over = if self.context.descriptor.projection.is_some() {
            self.has_caught_up(state.active, generation).await?
        } else {
            self.has_nothing_open(generation).await?
        };
        if !over {
            return Ok(());
        }
        let handler = self.context.descriptor.id;
        let projection = self.context.descriptor.projection.is_some();
        let now = self.context.runtime.engine.now().await?;
        let changed = HandlerState::change(&*self.context.runtime.engine, handler, |state| {
            let complete = state
                .generation(generation)
                .is_some_and(GenerationState::is_complete);
            if !complete || state.active == generation {
                return None;
            }
            let old = if projection {
                std::mem::replace(&mut state.active, generation)
            } else {
                generation
            };
            let topic = state.generations.remove(&old)?.topic;
            state
                .retired
                .insert(old, RetiredGeneration { at: now, topic });
            Some(((), WriteSet::default()))
        })
        .await?;
        if changed.is_some() {
            tracing::info!(handler, generation, "the generation is complete");
        }
        Ok(())
    }

    /// Whether the shadow has read all that the active generation had read a moment before.
    async fn has_caught_up(
        &self,
        active: Generation,
        shadow: Generation,
    ) -> Result<bool, EngineError> {
        let engine = &self.context.runtime.engine;
        let handler = self.context.descriptor.id;
        let active = engine.offsets(handler, active).await?;
        let shadow = engine.offsets(handler, shadow).await?;
        Ok(active.iter().all(|active| {
            shadow.iter().any(|shadow| {
                shadow.topic == active.topic
                    && shadow.partition == active.partition
                    && (shadow.topic_id != active.topic_id || shadow.next >= active.next)
            })
        }))
    }

    /// Whether no message of a replay waits, or waits for an operator.
    async fn has_nothing_open(&self, generation: Generation) -> Result<bool, EngineError> {
        let context = self.context.at(generation);
        if !parked::keys(&context).await?.is_empty() {
            return Ok(false);
        }
        let open = first_documents(&context, Documents::Blocks).await?;
        Ok(open.is_empty())
    }

    async fn cleanup(
        &self,
        generation: Generation,
        retired: &RetiredGeneration,
    ) -> Result<(), ReadError> {
        let context = self.context.at(generation);
        let (engine, descriptor) = (&context.runtime.engine, &context.descriptor);
        engine
            .drop_generation(descriptor.projection, descriptor.id, generation)
            .await?;
        for collection in [Documents::Parked, Documents::DeadLetters, Documents::Blocks] {
            while delete_some(&context, collection).await? {}
        }
        if retired.topic != descriptor.topic {
            context.runtime.broker.delete_topic(&retired.topic).await?;
        }
        HandlerState::change(&**engine, descriptor.id, |state| {
            state.retired.remove(&generation)?;
            Some(((), WriteSet::default()))
        })
        .await?;
        Ok(())
    }
}

/// The keys and versions of some documents of a generation.
async fn first_documents(
    context: &HandlerContext,
    collection: Documents,
) -> Result<Vec<(String, u64)>, EngineError> {
    let prefix = context.prefix();
    let query = DocumentsQuery {
        collection,
        group: None,
        due_by: None,
        heads_only: false,
        after: Some(prefix.clone()),
        limit: AT_ONCE,
    };
    let documents = context.runtime.engine.documents(&query).await?;
    let own = documents
        .into_iter()
        .take_while(|document| document.key.starts_with(&prefix));
    Ok(own.map(|own| (own.key, own.version)).collect())
}

/// Deletes some documents of a generation; whether there may be more.
async fn delete_some(context: &HandlerContext, collection: Documents) -> Result<bool, EngineError> {
    let found = first_documents(context, collection).await?;
    if found.is_empty() {
        return Ok(false);
    }
    let delete = |(key, expected)| DocumentWrite::Delete {
        collection,
        key,
        expected,
    };
    let write = WriteSet::of_documents(found.into_iter().map(delete).collect());
    match context.runtime.engine.commit(write).await {
        Ok(()) => Ok(true),
        Err(error) => Err(into_engine_error(error)),
    }
}
