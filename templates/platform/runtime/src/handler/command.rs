//! Commands that policies and effects have written, until their units of work are done with them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::contention::commit;
use super::dead_letters::DeadLetter;
use super::deferred::Deferred;
use super::event_handler::HandlerContext;
use crate::Refused;
use platform_contract::envelope::Envelope;
use platform_contract::value::{CorrelationId, Timestamp};
use platform_ports::engine::{
    Document, DocumentWrite, Documents, EngineError, Generation, WriteSet,
};

/// How many elements of one event keep their order; more than any event has.
const ELEMENT_BITS: u32 = 16;

/// The event that caused a command, by its position in the history of its aggregate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct CausingEvent {
    pub topic: String,
    pub aggregate: Uuid,
    pub sequence: u64,
}

/// What a document of [`Documents::Commands`] says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct PendingCommand {
    /// The command's name.
    pub command: String,
    /// The aggregate it is on; `None` when it creates.
    pub target: Option<Uuid>,
    pub input: Value,
    /// Set while the input is still to be decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deferred: Option<Deferred>,
    /// The handler that wrote it.
    pub handler: String,
    pub correlation: CorrelationId,
    pub traceparent: Option<String>,
    /// The event that caused it: what this service's replicas have to have seen first.
    pub after: CausingEvent,
    /// Whether a refusal goes to the dead letters.
    pub keep_refusals: bool,
    /// When it was written, by the database's clock.
    pub since: Timestamp,
    /// How often it could not be carried out.
    pub failures: u32,
    /// How often that was its own fault.
    #[serde(default)]
    pub attempts: u32,
}

/// What a document of [`Documents::DeadLetters`] says of a refused command.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RefusedCommand {
    pub pending: PendingCommand,
    /// Its document's position.
    pub position: i64,
    /// Why it was refused; absent while that is still to be written.
    pub refused: Option<Refused>,
}

/// The id of what a handler does because of an event: the same again whenever it is decided again.
pub(super) fn id(
    event: Uuid,
    handler: &str,
    generation: Generation,
    target: Option<Uuid>,
    element: usize,
) -> Uuid {
    let target = target.map_or_else(|| "new".to_owned(), |target| target.to_string());
    let mut name = format!("{handler}/{target}/{element}");
    // A replay that was asked for does what it does again, so under another id.
    if generation > 0 {
        name.push_str(&format!("/{generation}"));
    }
    Uuid::new_v5(&event, name.as_bytes())
}

impl PendingCommand {
    /// A command that a handler sends because of `event`.
    pub fn because_of(
        context: &HandlerContext,
        event: &Envelope,
        command: &str,
        now: Timestamp,
    ) -> Self {
        Self {
            command: command.to_owned(),
            target: None,
            input: Value::Null,
            deferred: None,
            handler: context.descriptor.id.to_owned(),
            correlation: event.correlation.clone(),
            traceparent: event.traceparent.clone(),
            after: CausingEvent {
                topic: context.descriptor.topic.to_owned(),
                aggregate: event.subject,
                sequence: event.sequence,
            },
            keep_refusals: false,
            since: now,
            failures: 0,
            attempts: 0,
        }
    }

    /// The write that hands it to the dispatcher. Commands of one handler to one target keep the
    /// order of the events they come from, as far as these are of one aggregate; sequences of
    /// different ones cannot be compared.
    pub fn put(&self, id: Uuid, element: usize) -> DocumentWrite {
        let order = (self.after.sequence << ELEMENT_BITS).saturating_add(element as u64);
        self.document(id, order.cast_signed())
    }

    fn document(&self, id: Uuid, position: i64) -> DocumentWrite {
        let target = self.target.unwrap_or(id);
        DocumentWrite::Put {
            collection: Documents::Commands,
            expected: 0,
            document: Document {
                key: id.to_string(),
                group: format!("{}/{target}/{}", self.handler, self.after.aggregate),
                position,
                due: Some(self.since),
                version: 0,
                body: json!(self),
            },
        }
    }

    /// What a document says.
    pub fn read(document: &Document) -> Result<Self, EngineError> {
        Self::deserialize(&document.body)
            .map_err(|error| EngineError::Corrupt(format!("command {}: {error}", document.key)))
    }
}

impl RefusedCommand {
    /// The document of a refused command.
    pub fn document(&self, id: Uuid) -> Document {
        let key = key(&self.pending.handler, id);
        Document {
            group: key.clone(),
            key,
            position: 0,
            due: None,
            version: 0,
            body: json!(self),
        }
    }

    /// What an operator is shown of it.
    pub fn shown(self, handler: &str, id: Uuid) -> DeadLetter {
        let why = self.refused.map_or_else(
            || "refused".to_owned(),
            |refused| format!("refused: {}: {}", refused.name, refused.detail),
        );
        DeadLetter {
            handler: handler.to_owned(),
            key: id,
            position: 0,
            kind: self.pending.command,
            sequence: Some(self.pending.after.sequence),
            failure: Some(why),
            attempts: 1,
            since: self.pending.since,
        }
    }
}

/// The key, and the group, of a refused command among the dead letters.
fn key(handler: &str, id: Uuid) -> String {
    format!("{handler}/command/{id}")
}

/// Hands a refused command to the dispatcher again; whether there is one.
pub(super) async fn retry_refused(context: &HandlerContext, id: Uuid) -> Result<bool, EngineError> {
    take_out(context, id, true).await
}

/// Forgets a refused command; whether there is one.
pub(super) async fn discard_refused(
    context: &HandlerContext,
    id: Uuid,
) -> Result<bool, EngineError> {
    take_out(context, id, false).await
}

/// Takes a refused command out of the dead letters; whether it was among them.
async fn take_out(context: &HandlerContext, id: Uuid, again: bool) -> Result<bool, EngineError> {
    let engine = &context.runtime.engine;
    let key = key(context.descriptor.id, id);
    let mut was_there = false;
    // It is looked at again after a conflict: why it was refused may just have been written into it,
    // or somebody else may have taken it out.
    while let Some(document) = engine.document(Documents::DeadLetters, &key).await? {
        was_there = true;
        let refused = RefusedCommand::deserialize(&document.body)
            .map_err(|error| EngineError::Corrupt(format!("dead letter {key}: {error}")))?;
        let mut documents = vec![DocumentWrite::Delete {
            collection: Documents::DeadLetters,
            key: key.clone(),
            expected: document.version,
        }];
        if again {
            documents.push(refused.pending.document(id, refused.position));
        }
        if commit(&**engine, WriteSet::of_documents(documents)).await? {
            context.runtime.commands_wake_up.notify_one();
            break;
        }
    }
    Ok(was_there)
}
