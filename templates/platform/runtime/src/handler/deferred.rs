//! Commands whose target was not there when their policy was asked: it is asked again when the
//! command's turn comes, since the target may be made by another command before this one. When there
//! is still no target, the command is refused as any other on nothing.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::command::PendingCommand;
use super::event_handler::HandlersById;
use super::handler_error::HandlerError;
use super::message::Message;
use crate::context::Context;
use crate::{Refused, Runtime};

/// What a policy is asked again about.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Deferred {
    /// The event.
    pub message: Message,
    /// The element of it.
    pub element: usize,
}

/// What a policy answers about a target.
#[derive(Debug)]
pub(super) enum DeferredInput {
    /// A command with this input.
    Command(Value),
    /// Nothing.
    Nothing,
    /// There is no target, or not any more.
    Refused(Refused),
}

/// What the command's input is by now.
pub(super) async fn input(
    runtime: &Runtime,
    handlers: &HandlersById,
    pending: &PendingCommand,
    context: &Context,
) -> Result<DeferredInput, HandlerError> {
    let (Some(deferred), Some(target)) = (&pending.deferred, pending.target) else {
        return Ok(DeferredInput::Command(pending.input.clone()));
    };
    let Some(handler) = handlers.get(pending.handler.as_str()) else {
        let why = format!("there is no handler `{}`", pending.handler);
        return Err(HandlerError::Poison(why));
    };
    let event = deferred.message.envelope()?;
    let engine = &*runtime.engine;
    handler
        .deferred_input(engine, &event, deferred.element, target, context)
        .await
}
