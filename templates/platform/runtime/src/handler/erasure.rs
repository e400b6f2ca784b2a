//! What handlers hold of an aggregate that was deleted: messages that wait, dead letters, jobs, and commands
//! that were given up.

mod commands;
mod messages;

pub(crate) use commands::erase_commands_on;

use serde_json::Value;
use uuid::Uuid;

use self::commands::erase_commands;
use self::messages::{emptied_job, emptied_parked, emptied_queued};
use super::Handlers;
use super::contention::commit;
use crate::Runtime;
use crate::erasure::Emptied;
use platform_contract::envelope::Envelope;
use platform_ports::engine::{
    Document, DocumentWrite, Documents, DocumentsQuery, Engine, EngineError, Generation, WriteSet,
};

/// How many documents are read in one go.
const AT_ONCE: u32 = 200;

/// A key of a handler, whose messages from before a deletion are to be erased.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ErasedKey<'a> {
    pub handler: &'a str,
    pub generation: Generation,
    pub aggregate: Uuid,
    /// The sequence of the deletion.
    pub before: u64,
}

/// What becomes of what a document says.
enum Rewritten {
    /// It stays.
    Same,
    /// It becomes this.
    To(Value),
    /// It is in use, and has to wait.
    UnderWay,
}

impl ErasedKey<'_> {
    /// Erases; whether nothing of it was under way.
    pub async fn erase(&self, runtime: &Runtime, handlers: &Handlers) -> Result<bool, EngineError> {
        let engine = &*runtime.engine;
        let mut known = handlers.descriptors();
        let descriptor = known.find(|descriptor| descriptor.id == self.handler);
        let emptied = descriptor.map_or(nothing_left as Emptied, |descriptor| descriptor.emptied);
        let (handler, before) = (self.handler, self.before);
        let group = format!("{handler}/{}/{}", self.generation, self.aggregate);
        let parked = |document: &Document| emptied_parked(document, before, emptied);
        let queued = |document: &Document| emptied_queued(document, before, emptied);
        let jobs = |document: &Document| emptied_job(document, before, emptied);
        let jobs_group = format!("{handler}/{}", self.aggregate);
        let done = [
            rewrite_all(engine, Documents::Parked, Some(&group), parked).await?,
            rewrite_all(engine, Documents::DeadLetters, Some(&group), queued).await?,
            rewrite_all(engine, Documents::Jobs, Some(&jobs_group), jobs).await?,
            erase_commands(runtime, Some(emptied), |pending| {
                let cause = &pending.after;
                pending.handler == handler
                    && (cause.aggregate == self.aggregate && cause.sequence < before)
            })
            .await?,
        ];
        Ok(done.into_iter().all(|done| done))
    }
}

/// Of a message of a handler that is gone nothing is left: nobody can tell what is in it.
#[expect(clippy::unnecessary_wraps, reason = "it is an `Emptied` like others")]
fn nothing_left(envelope: &Envelope) -> Option<Envelope> {
    Some(Envelope {
        data: Value::Object(serde_json::Map::new()),
        ..envelope.clone()
    })
}

/// Rewrites documents of a group, or of all; whether all of them were free.
async fn rewrite_all(
    engine: &dyn Engine,
    collection: Documents,
    group: Option<&str>,
    rewritten: impl Fn(&Document) -> Rewritten,
) -> Result<bool, EngineError> {
    let (mut after, mut free) = (String::new(), true);
    loop {
        let query = DocumentsQuery {
            collection,
            group: group.map(str::to_owned),
            due_by: None,
            heads_only: false,
            after: Some(after),
            limit: AT_ONCE,
        };
        let page = engine.documents(&query).await?;
        let full = page.len() >= AT_ONCE as usize;
        let last = page.last().map(|last| last.key.clone());
        for document in page {
            free &= match rewritten(&document) {
                Rewritten::Same => true,
                Rewritten::UnderWay => false,
                Rewritten::To(body) => put(engine, collection, document, body).await?,
            };
        }
        match last {
            Some(last) if full => after = last,
            _ => return Ok(free),
        }
    }
}

/// Whether nobody was faster with it.
async fn put(
    engine: &dyn Engine,
    collection: Documents,
    document: Document,
    body: Value,
) -> Result<bool, EngineError> {
    if body == document.body {
        return Ok(true);
    }
    let put = DocumentWrite::Put {
        collection,
        expected: document.version,
        document: Document { body, ..document },
    };
    commit(engine, WriteSet::of_documents(vec![put])).await
}
