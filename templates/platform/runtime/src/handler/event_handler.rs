//! A handler as the consumer sees it, whichever sort it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use super::deferred::DeferredInput;
use super::handler_error::HandlerError;
use crate::Runtime;
use crate::context::Context;
use crate::erasure::Emptied;
use platform_contract::envelope::Envelope;
use platform_contract::schema::Schema;
use platform_ports::engine::{DocumentWrite, Engine, Found, Generation, Peek, SaveTo};

/// What a handler is, and what it reads.
#[derive(Debug, Clone, Copy)]
pub(super) struct HandlerDescriptor {
    /// Its id, given once and kept for good.
    pub id: &'static str,
    /// The topic it reads.
    pub topic: &'static str,
    /// The context that owns the topic.
    pub owner: &'static str,
    /// The kind of aggregate in it, in snake case.
    pub aggregate_type: &'static str,
    /// A projection's table.
    pub projection: Option<&'static Schema>,
    /// Whether personal data is in what it reads.
    pub personal: bool,
    /// Takes it out.
    pub emptied: Emptied,
    /// The fail point before its effects are committed.
    pub before_commit: &'static str,
}

/// A handler at work on one generation.
#[derive(Clone)]
pub(super) struct HandlerContext {
    pub runtime: Arc<Runtime>,
    pub handler: Arc<dyn EventHandler>,
    pub descriptor: HandlerDescriptor,
    pub generation: Generation,
}

/// What a handler contributes to the write set because of a message: committed with the applied
/// sequence that moves over it.
#[derive(Debug, Default)]
pub(super) struct HandlerWrites {
    /// What becomes of the projection's row.
    pub row: Option<SaveTo>,
    /// Commands, jobs, cursors over targets.
    pub documents: Vec<DocumentWrite>,
    /// Whether the message has to come again for the rest of what it makes happen.
    pub unfinished: bool,
}

/// A replica, a policy or an effect.
#[async_trait]
pub(super) trait EventHandler: Send + Sync {
    /// What it is.
    fn descriptor(&self) -> HandlerDescriptor;

    /// What a message makes happen whose turn it is. `row` is there for projections; `peek` is of the
    /// begin of the batch, and tells of cursors too.
    async fn handle(
        &self,
        context: &HandlerContext,
        envelope: &Envelope,
        row: &Found,
        peek: &Peek,
    ) -> Result<HandlerWrites, HandlerError>;

    /// The input of a policy's command on a target that was not there when the event came.
    async fn deferred_input(
        &self,
        _: &dyn Engine,
        _: &Envelope,
        _: usize,
        _: Uuid,
        _: &Context,
    ) -> Result<DeferredInput, HandlerError> {
        Ok(DeferredInput::Nothing)
    }
}

/// The handlers of a service, by their ids.
pub(super) type HandlersById = BTreeMap<&'static str, Arc<dyn EventHandler>>;

impl HandlerContext {
    /// The handler at work on this generation.
    pub fn new(
        runtime: Arc<Runtime>,
        handler: Arc<dyn EventHandler>,
        generation: Generation,
    ) -> Self {
        let descriptor = handler.descriptor();
        Self {
            runtime,
            handler,
            descriptor,
            generation,
        }
    }

    /// The same handler at work on another generation.
    pub fn at(&self, generation: Generation) -> Self {
        Self {
            generation,
            ..self.clone()
        }
    }

    /// What the keys of all its documents start with.
    pub fn prefix(&self) -> String {
        format!("{}/{}/", self.descriptor.id, self.generation)
    }

    /// The key of the cursor over what an event makes happen.
    pub fn cursor_key(&self, event: &Envelope) -> String {
        format!("{}/{}", self.group(event.subject), event.id)
    }

    /// The group of its documents about an aggregate.
    pub fn group(&self, aggregate: Uuid) -> String {
        format!("{}/{}/{aggregate}", self.descriptor.id, self.generation)
    }
}
