//! Commands and jobs that cannot go on: dead letters that stay where they are.
//!
//! Such a document has no due time any more, so whatever looks for work passes it over; and as it is
//! still the first of its group, those behind it wait in order. An operator gives it its due time back,
//! or takes it out.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::blocked_queue;
use super::command::PendingCommand;
use super::contention::{Contention, commit};
use super::dead_letters::DeadLetter;
use super::effect::Job;
use super::execution::write;
use super::heads::heads;
use crate::Runtime;
use crate::erasure::ERASED;
use platform_contract::value::Timestamp;
use platform_ports::engine::{
    Document, DocumentWrite, Documents, DocumentsQuery, Engine, EngineError, WriteSet,
};

/// Where documents can be stuck.
const COLLECTIONS: [Documents; 2] = [Documents::Commands, Documents::Jobs];

/// How many documents of a group are shown.
const AT_ONCE: u32 = 500;

/// What a document says that cannot go on.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Stuck {
    /// Why it cannot.
    stuck: String,
    /// How often it was tried.
    attempts: u32,
    /// Since when, by the database's clock.
    since: Timestamp,
    /// What it said before, readable or not.
    body: Value,
}

/// Whose a document is, by its group: `<handler>/<key>`, and perhaps more.
struct GroupKey<'a> {
    handler: &'a str,
    key: Uuid,
}

impl<'a> GroupKey<'a> {
    fn of(document: &'a Document) -> Self {
        let mut parts = document.group.split('/');
        let handler = parts.next().unwrap_or_default();
        let key = parts.next().and_then(|key| key.parse().ok());
        Self {
            handler,
            key: key.unwrap_or_default(),
        }
    }
}

/// Sets a document aside, which then says `body` when it is tried again.
pub(super) async fn set_aside(
    runtime: &Runtime,
    collection: Documents,
    document: Document,
    body: Value,
    failure: String,
    attempts: u32,
) -> Result<(), EngineError> {
    let handler = GroupKey::of(&document).handler.to_owned();
    tracing::error!(
        handler,
        id = document.key,
        attempts,
        why = failure,
        "it cannot go on; those behind it wait until somebody retries or discards it"
    );
    let stuck = Stuck {
        stuck: failure,
        attempts,
        since: runtime.engine.now().await?,
        body,
    };
    let put = DocumentWrite::Put {
        collection,
        expected: document.version,
        document: Document {
            due: None,
            body: json!(stuck),
            ..document
        },
    };
    write(runtime, vec![put]).await?;
    blocked_queue::count(&handler);
    Ok(())
}

/// What a document that cannot go on says by now, with what `rewrite` makes of its body: the words of its
/// failure go. `None`: it can go on; within: it stays as it is.
pub(super) fn rewritten(
    document: &Document,
    rewrite: impl Fn(&Value) -> Option<Value>,
) -> Option<Option<Value>> {
    let stuck = Stuck::deserialize(&document.body).ok();
    let stuck = stuck.filter(|_| document.due.is_none())?;
    Some(rewrite(&stuck.body).map(|body| {
        json!(Stuck {
            stuck: ERASED.to_owned(),
            body,
            ..stuck
        })
    }))
}

/// What operators see of commands and jobs.
pub(super) struct StuckDocuments<'a> {
    pub runtime: &'a Runtime,
    /// The effects of the program: nobody does the jobs of others.
    pub effects: BTreeSet<&'a str>,
}

impl StuckDocuments<'_> {
    /// All that are stuck, and those that wait behind them.
    pub async fn list(&self) -> Result<Vec<DeadLetter>, EngineError> {
        let engine = &*self.runtime.engine;
        let mut dead_letters = Vec::new();
        for collection in COLLECTIONS {
            for head in heads(engine, collection, "").await? {
                let Some(stuck) = self.stuck(collection, &head) else {
                    continue;
                };
                dead_letters.push(shown(&head, 0, Some(stuck)));
                let behind = group_of(engine, collection, &head).await?;
                let behind = (1..).zip(behind.iter().filter(|one| one.key != head.key));
                dead_letters.extend(behind.map(|(position, one)| shown(one, position, None)));
            }
        }
        Ok(dead_letters)
    }

    /// Lets those of a key be tried again, each with all its attempts; whether there were any.
    pub async fn retry(&self, handler: &str, key: Uuid) -> Result<bool, EngineError> {
        let now = self.runtime.engine.now().await?;
        let again = |collection, document: Document, stuck: Stuck| DocumentWrite::Put {
            collection,
            expected: document.version,
            document: Document {
                due: Some(now),
                body: stuck.body,
                ..document
            },
        };
        self.change(handler, key, again).await
    }

    /// Gives up those of a key, so that what is behind them goes on; whether there were any.
    pub async fn discard(&self, handler: &str, key: Uuid) -> Result<bool, EngineError> {
        let gone = |collection, document: Document, stuck: Stuck| {
            let (kind, sequence) = said(&stuck.body);
            tracing::warn!(handler, %key, kind, sequence, "discarded");
            DocumentWrite::Delete {
                collection,
                key: document.key,
                expected: document.version,
            }
        };
        self.change(handler, key, gone).await
    }

    /// Changes the stuck documents of a key, one of each group at most; whether there were any.
    async fn change(
        &self,
        handler: &str,
        key: Uuid,
        change: impl Fn(Documents, Document, Stuck) -> DocumentWrite,
    ) -> Result<bool, EngineError> {
        let engine = &*self.runtime.engine;
        let mut contention = Contention::over("the same");
        loop {
            let mut documents = Vec::new();
            for collection in COLLECTIONS {
                for head in heads(engine, collection, "").await? {
                    let group = GroupKey::of(&head);
                    let its = (group.handler, group.key) == (handler, key);
                    if let Some(stuck) = self.stuck(collection, &head).filter(|_| its) {
                        documents.push(change(collection, head, stuck));
                    }
                }
            }
            if documents.is_empty() {
                return Ok(false);
            }
            if commit(engine, WriteSet::of_documents(documents)).await? {
                self.runtime.commands_wake_up.notify_one();
                self.runtime.jobs_wake_up.notify_one();
                return Ok(true);
            }
            contention.lost().await?;
        }
    }

    /// Why a document cannot go on, if it cannot.
    fn stuck(&self, collection: Documents, document: &Document) -> Option<Stuck> {
        let said = Stuck::deserialize(&document.body).ok();
        let said = said.filter(|_| document.due.is_none());
        let handler = GroupKey::of(document).handler;
        let gone = collection == Documents::Jobs && !self.effects.contains(handler);
        said.or_else(|| {
            gone.then(|| Stuck {
                stuck: no_effect(handler),
                attempts: 0,
                since: document.due.unwrap_or_else(|| Timestamp::constant(0)),
                body: document.body.clone(),
            })
        })
    }
}

/// The group of a document in its order, as far as one page goes.
async fn group_of(
    engine: &dyn Engine,
    collection: Documents,
    head: &Document,
) -> Result<Vec<Document>, EngineError> {
    let query = DocumentsQuery {
        collection,
        group: Some(head.group.clone()),
        due_by: None,
        heads_only: false,
        after: None,
        limit: AT_ONCE,
    };
    let mut group = engine.documents(&query).await?;
    group.sort_by(|a, b| (a.position, &a.key).cmp(&(b.position, &b.key)));
    Ok(group)
}

/// What an operator is shown of a document at this position in its group.
fn shown(document: &Document, position: i64, stuck: Option<Stuck>) -> DeadLetter {
    let body = stuck.as_ref().map_or(&document.body, |stuck| &stuck.body);
    let (kind, sequence) = said(body);
    let group = GroupKey::of(document);
    let since = stuck.as_ref().map(|stuck| stuck.since).or(document.due);
    DeadLetter {
        handler: group.handler.to_owned(),
        key: group.key,
        position,
        kind,
        sequence,
        attempts: stuck.as_ref().map_or(0, |stuck| stuck.attempts),
        since: since.unwrap_or_else(|| Timestamp::constant(0)),
        failure: stuck.map(|stuck| stuck.stuck),
    }
}

/// Why a job is stuck whose effect was removed.
pub(super) fn no_effect(handler: &str) -> String {
    format!("there is no effect `{handler}` in this program")
}

/// What a body is about, and its sequence, as far as it can be told.
fn said(body: &Value) -> (String, Option<u64>) {
    if let Ok(pending) = PendingCommand::deserialize(body) {
        return (pending.command, Some(pending.after.sequence));
    }
    let job = Job::deserialize(body).ok();
    match job.and_then(|job| job.message.envelope().ok()) {
        Some(event) => (event.versioned_kind(), Some(event.sequence)),
        None => ("unreadable".to_owned(), None),
    }
}
