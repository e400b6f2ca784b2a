//! Policies: whenever an event, then commands of this service.
//!
//! The applied sequence moves over the event in the write that appends its commands. Where a search finds very
//! many targets, that write is one of several: each appends the commands of a page and moves a
//! cursor, the last one moves the applied sequence, and the key's next event waits until then.

use std::marker::PhantomData;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::command::{self, PendingCommand};
use super::deferred::{Deferred, DeferredInput};
use super::event_handler::{EventHandler, HandlerContext, HandlerDescriptor, HandlerWrites};
use super::handler_error::{HandlerError, guarded};
use super::message::Message;
use super::{Policy, Targets};
use crate::Refused;
use crate::context::{Caller, Context};
use crate::decision::Aggregate;
use crate::unit_of_work::{from_row, refusals};
use platform_contract::envelope::{Envelope, decode, emptied, is_personal};
use platform_contract::value::Timestamp;
use platform_contract::{AggregateType, Command, Event, Recorded};
use platform_ports::engine::{
    Document, DocumentWrite, Documents, Engine, EngineError, Find, Found, Peek,
};

/// How many targets are looked at in one transaction.
const AT_ONCE: usize = 100;

/// A policy as the consumer sees it.
pub(super) struct PolicyHandler<P>(PhantomData<fn() -> P>);

/// How far a policy has come with an event of many targets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct TargetCursor {
    /// The element of the event.
    element: usize,
    /// The page's cursor in the search for its targets.
    after: Option<String>,
}

impl<P> PolicyHandler<P> {
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

#[async_trait]
impl<P: Policy> EventHandler for PolicyHandler<P> {
    fn descriptor(&self) -> HandlerDescriptor {
        type Of<P> = <<P as Policy>::On as Event>::Of;
        HandlerDescriptor {
            id: P::HANDLER,
            topic: <Of<P> as AggregateType>::TOPIC,
            owner: <Of<P> as AggregateType>::CONTEXT,
            aggregate_type: <Of<P> as AggregateType>::NAME,
            projection: None,
            personal: is_personal::<Of<P>>(),
            emptied: emptied::<Of<P>>,
            before_commit: "policy.before-commit",
        }
    }

    async fn handle(
        &self,
        context: &HandlerContext,
        envelope: &Envelope,
        _: &Found,
        peek: &Peek,
    ) -> Result<HandlerWrites, HandlerError> {
        if envelope.kind != P::On::TYPE {
            return Ok(HandlerWrites::default());
        }
        let key = context.cursor_key(envelope);
        let stored = match peek.holds(Documents::Cursors) {
            true => {
                let engine = &context.runtime.engine;
                engine.document(Documents::Cursors, &key).await?
            }
            false => None,
        };
        let mut work = TargetWork::<P> {
            context,
            envelope,
            event: decode(envelope)?,
            now: peek.now,
            cursor: cursor(stored.as_ref())?,
            looked_at: 0,
            documents: Vec::new(),
        };
        let unfinished = !work.go_on().await?;
        let (cursor, mut documents) = (work.cursor, work.documents);
        documents.extend(moved(&key, stored, cursor, unfinished));
        Ok(HandlerWrites {
            row: None,
            documents,
            unfinished,
        })
    }

    async fn deferred_input(
        &self,
        engine: &dyn Engine,
        envelope: &Envelope,
        element: usize,
        id: Uuid,
        context: &Context,
    ) -> Result<DeferredInput, HandlerError> {
        let event: Recorded<P::On> = decode(envelope)?;
        let target = match target::<P>(engine, id).await? {
            Ok(target) => target,
            Err(refused) => return Ok(DeferredInput::Refused(refused)),
        };
        let input = command_input::<P>(&event, element, Some(&target), context)?;
        Ok(input.map_or(DeferredInput::Nothing, DeferredInput::Command))
    }
}

/// The work on one event, as far as one transaction goes.
struct TargetWork<'a, P: Policy> {
    context: &'a HandlerContext,
    envelope: &'a Envelope,
    event: Recorded<P::On>,
    now: Timestamp,
    cursor: TargetCursor,
    looked_at: usize,
    documents: Vec<DocumentWrite>,
}

impl<P: Policy> TargetWork<'_, P> {
    /// Goes on from the cursor; whether all is done.
    async fn go_on(&mut self) -> Result<bool, HandlerError> {
        let elements = guarded(|| P::elements(&self.event))?;
        while self.cursor.element < elements {
            if self.looked_at >= AT_ONCE {
                return Ok(false);
            }
            let element = self.cursor.element;
            self.cursor.after = match guarded(|| P::targets(&self.event, element))? {
                Targets::Nobody => None,
                Targets::Unasked(why) => return Err(HandlerError::Poison(why)),
                Targets::New => {
                    self.one(None, None)?;
                    None
                }
                Targets::One(id) => {
                    match target::<P>(&*self.context.runtime.engine, id).await? {
                        Ok(target) => self.one(Some(id), Some(&target))?,
                        Err(_) => self.later(id),
                    }
                    None
                }
                Targets::Found(find) => self.page(*find).await?,
            };
            if self.cursor.after.is_none() {
                self.cursor.element += 1;
            }
        }
        Ok(true)
    }

    /// The targets of a page; answers with the cursor of the next one.
    async fn page(&mut self, find: Find) -> Result<Option<String>, HandlerError> {
        let rest = AT_ONCE.saturating_sub(self.looked_at).max(1);
        let find = Find {
            after: self.cursor.after.take(),
            limit: u32::try_from(rest).unwrap_or(u32::MAX),
            ..find
        };
        let page = self.context.runtime.engine.find(&find).await?;
        for row in page.rows {
            let id = row.id;
            let target = from_row::<P::Target>(row)?;
            self.one(Some(id), Some(&target))?;
        }
        Ok(page.next)
    }

    /// The command for one target, if the user's function wants one.
    fn one(&mut self, id: Option<Uuid>, target: Option<&P::Target>) -> Result<(), HandlerError> {
        let caller = Caller::Handler(P::HANDLER.to_owned());
        let command_id = self.command_id(id);
        let correlation = self.envelope.correlation.clone();
        let mut command_context = Context::new(caller, self.now, command_id, correlation);
        command_context
            .traceparent
            .clone_from(&self.envelope.traceparent);
        if let Some(input) =
            command_input::<P>(&self.event, self.cursor.element, target, &command_context)?
        {
            self.put(id, input, None);
        }
        self.looked_at += 1;
        Ok(())
    }

    /// A command on something that is not there: what it says is decided when its turn comes.
    fn later(&mut self, id: Uuid) {
        let (topic, partitions) = (
            self.context.descriptor.topic,
            self.context.runtime.partitions,
        );
        let deferred = Deferred {
            message: Message::restating(self.envelope, topic, partitions),
            element: self.cursor.element,
        };
        self.put(Some(id), Value::Null, Some(deferred));
        self.looked_at += 1;
    }

    fn put(&mut self, target: Option<Uuid>, input: Value, deferred: Option<Deferred>) {
        let pending = PendingCommand {
            target,
            input,
            deferred,
            keep_refusals: P::DEAD_LETTER_REFUSALS,
            ..PendingCommand::because_of(self.context, self.envelope, P::Then::NAME, self.now)
        };
        let put = pending.put(self.command_id(target), self.cursor.element);
        self.documents.push(put);
    }

    fn command_id(&self, target: Option<Uuid>) -> Uuid {
        let (element, generation) = (self.cursor.element, self.context.generation);
        command::id(self.event.id, P::HANDLER, generation, target, element)
    }
}

/// The aggregate that a command is meant for, or the refusal of any command on it.
async fn target<P: Policy>(
    engine: &dyn Engine,
    id: Uuid,
) -> Result<Result<P::Target, Refused>, EngineError> {
    let kind = <<P::Target as Aggregate>::Type as AggregateType>::NAME;
    Ok(match engine.load(P::Target::SCHEMA, 0, id).await? {
        Found::Live(row) => Ok(from_row(row)?),
        Found::Nothing => Err(refusals::not_found(kind)),
        Found::Deleted(_) => Err(refusals::deleted(kind)),
    })
}

/// The input of the command that the user's function wants, if any.
fn command_input<P: Policy>(
    event: &Recorded<P::On>,
    element: usize,
    target: Option<&P::Target>,
    context: &Context,
) -> Result<Option<Value>, HandlerError> {
    let command = guarded(|| P::react(event, element, target, context))?;
    let input = command.map(serde_json::to_value).transpose();
    input.map_err(|error| {
        HandlerError::Poison(format!("the command's input has no JSON form: {error}"))
    })
}

fn cursor(stored: Option<&Document>) -> Result<TargetCursor, EngineError> {
    let Some(document) = stored else {
        return Ok(TargetCursor::default());
    };
    TargetCursor::deserialize(&document.body)
        .map_err(|error| EngineError::Corrupt(format!("cursor {}: {error}", document.key)))
}

/// The write that keeps the cursor, or forgets it when all is done.
fn moved(
    key: &str,
    stored: Option<Document>,
    cursor: TargetCursor,
    unfinished: bool,
) -> Option<DocumentWrite> {
    let expected = stored.as_ref().map_or(0, |document| document.version);
    if unfinished {
        return Some(DocumentWrite::Put {
            collection: Documents::Cursors,
            expected,
            document: Document {
                key: key.to_owned(),
                group: key.to_owned(),
                position: 0,
                due: None,
                version: 0,
                body: json!(cursor),
            },
        });
    }
    stored.map(|document| DocumentWrite::Delete {
        collection: Documents::Cursors,
        key: document.key,
        expected,
    })
}
