//! Letting a blocked key go: its queue is worked off in order, and the block is gone with it.

use std::collections::BTreeSet;

use serde_json::json;
use uuid::Uuid;

use super::applied_sequence::{Place, Verdict, decide};
use super::ask::{self, Ask};
use super::batch::Batch;
use super::bells::Bells;
use super::contention::{Contention, commit};
use super::dead_letters::Settled;
use super::queue::{self, Block, Letter, put_block};
use super::reactor::{Failure, NotCommitted, Scope};
use platform_ports::engine::{
    AppliedSequence, Check, Document, DocumentWrite, Documents, Engine, EngineError,
    SequenceAdvance, WriteSet,
};

/// What the consumer may change at the same time.
const QUEUE: &str = "the queue";

/// Works the queue of a key off, until it is empty or a message fails.
pub(super) async fn work_off(
    scope: &Scope,
    mid_topic: &BTreeSet<u32>,
    aggregate: Uuid,
) -> Result<Settled, EngineError> {
    let group = scope.group(aggregate);
    let engine = &*scope.runtime.engine;
    let mut contention = Contention::over(QUEUE);
    loop {
        let Some((block, version)) = queue::block(engine, &group).await? else {
            return Ok(Settled::Empty);
        };
        let Some((document, letter)) = queue::head(engine, &group).await? else {
            if unblock(engine, &group, version).await? {
                return Ok(Settled::Empty);
            }
            contention.lost().await?;
            continue;
        };
        let head = Head {
            group: &group,
            block,
            version,
            document,
        };
        match head.handle(scope, mid_topic, &letter).await? {
            Handled::Done => contention.won(),
            Handled::Failed(why) if head.fail(scope, letter, &why).await? => {
                return Ok(Settled::StillFailing(why));
            }
            Handled::Conflict | Handled::Failed(_) => contention.lost().await?,
        }
    }
}

/// Notes that the queue of a key may go; whether there is one.
pub(super) async fn let_go(scope: &Scope, aggregate: Uuid) -> Result<bool, EngineError> {
    let group = scope.group(aggregate);
    let engine = &*scope.runtime.engine;
    let mut contention = Contention::over(QUEUE);
    loop {
        let Some((block, version)) = queue::block(engine, &group).await? else {
            return Ok(false);
        };
        let released = Block {
            released: true,
            ..block
        };
        let released = vec![put_block(&group, &released, version)];
        if commit(engine, WriteSet::of_documents(released)).await? {
            return Ok(true);
        }
        contention.lost().await?;
    }
}

/// Gives up the first message of a queue: the applied sequence moves over it, as far as its sequence can be
/// told, and a projection asks for the state it now lacks. Whether there was one.
pub(super) async fn discard_head(
    scope: &Scope,
    mid_topic: &BTreeSet<u32>,
    aggregate: Uuid,
) -> Result<bool, EngineError> {
    let group = scope.group(aggregate);
    let engine = &*scope.runtime.engine;
    let mut contention = Contention::over(QUEUE);
    loop {
        let Some((block, version)) = queue::block(engine, &group).await? else {
            return Ok(false);
        };
        let released = Block {
            released: true,
            ..block
        };
        let released = vec![put_block(&group, &released, version)];
        let mut write = WriteSet::of_documents(released);
        if let Some((document, letter)) = queue::head(engine, &group).await? {
            write.documents.push(delete(&document));
            pass_over(scope, mid_topic, aggregate, &letter, &mut write).await?;
        }
        if commit(engine, write).await? {
            return Ok(true);
        }
        contention.lost().await?;
    }
}

/// Moves the applied sequence over a message that is given up.
async fn pass_over(
    scope: &Scope,
    mid_topic: &BTreeSet<u32>,
    aggregate: Uuid,
    letter: &Letter,
    write: &mut WriteSet,
) -> Result<(), EngineError> {
    let engine = &*scope.runtime.engine;
    let (handler, generation) = (scope.about.handler, scope.generation);
    // What cannot be read has no sequence; when it was an event, the next one shows the gap.
    let Ok(envelope) = letter.message.envelope() else {
        return Ok(());
    };
    let applied_sequences = engine
        .applied_sequences(handler, generation, &[aggregate])
        .await?;
    let applied = applied_sequences.first().map(|(_, applied)| *applied);
    let partition = platform_contract::envelope::partition_of(aggregate, scope.runtime.partitions);
    let verdict = decide(
        applied,
        mid_topic.contains(&partition),
        Place::from(&envelope),
    );
    if !matches!(verdict, Verdict::Next | Verdict::Baseline) {
        return Ok(());
    }
    write.applied_sequences.push(SequenceAdvance {
        handler: handler.to_owned(),
        generation,
        aggregate,
        from: applied.map(|applied| applied.sequence),
        // Without its id, so that a snapshot of the same sequence is still of use.
        to: AppliedSequence {
            sequence: envelope.sequence,
            event: None,
        },
    });
    let cursor = engine
        .document(Documents::Cursors, &scope.cursor(&envelope))
        .await?;
    write
        .documents
        .extend(cursor.map(|cursor| DocumentWrite::Delete {
            collection: Documents::Cursors,
            key: cursor.key,
            expected: cursor.version,
        }));
    if scope.about.projection.is_some() {
        let ask = ask::recorded(scope, Ask::Snapshot(aggregate));
        write.documents.push(ask);
    }
    Ok(())
}

/// The first message of a queue, under its lock.
struct Head<'a> {
    group: &'a str,
    block: Block,
    version: u64,
    document: Document,
}

enum Handled {
    Done,
    Conflict,
    Failed(String),
}

impl Head<'_> {
    /// Handles the message as the consumer would, and takes it out of the queue.
    async fn handle(
        &self,
        scope: &Scope,
        mid_topic: &BTreeSet<u32>,
        letter: &Letter,
    ) -> Result<Handled, EngineError> {
        let envelope = match letter.message.envelope() {
            Ok(envelope) => envelope,
            Err(error) => return Ok(Handled::Failed(error.to_string())),
        };
        let aggregates = BTreeSet::from([envelope.subject]);
        let mut batch = Batch::open(scope, mid_topic, &aggregates).await?;
        batch.key(envelope.subject).queue = None;
        match batch.add(&letter.message, &envelope).await {
            Ok(()) => {}
            Err(Failure::Passing(error)) => return Err(error),
            Err(Failure::Poison(why) | Failure::Newer(why)) => return Ok(Handled::Failed(why)),
        }
        let mut write = batch.finish().write;
        write.documents.push(delete(&self.document));
        write.documents.push(self.lock());
        let bells = Bells::of(&write);
        match scope.runtime.engine.commit(write).await.map_err(Into::into) {
            Ok(()) => {
                bells.ring(&scope.runtime);
                Ok(Handled::Done)
            }
            Err(NotCommitted::Conflict) => Ok(Handled::Conflict),
            Err(NotCommitted::Failed(Failure::Passing(error))) => Err(error),
            Err(NotCommitted::Failed(Failure::Poison(why) | Failure::Newer(why))) => {
                Ok(Handled::Failed(why))
            }
        }
    }

    /// Notes that the message failed again, and holds the queue; whether nobody was faster.
    async fn fail(&self, scope: &Scope, letter: Letter, why: &str) -> Result<bool, EngineError> {
        let failed = Letter {
            failure: Some(why.to_owned()),
            attempts: letter.attempts + 1,
            ..letter
        };
        let held = Block {
            released: false,
            ..self.block.clone()
        };
        let document = Document {
            body: json!(failed),
            ..self.document.clone()
        };
        let write = WriteSet::of_documents(vec![
            DocumentWrite::Put {
                collection: Documents::DeadLetters,
                expected: self.document.version,
                document,
            },
            put_block(self.group, &held, self.version),
        ]);
        commit(&*scope.runtime.engine, write).await
    }

    fn lock(&self) -> DocumentWrite {
        put_block(self.group, &self.block, self.version)
    }
}

/// Takes the block away if the queue is empty at that instant; whether it was.
async fn unblock(engine: &dyn Engine, group: &str, version: u64) -> Result<bool, EngineError> {
    let write = WriteSet {
        checks: vec![Check::EmptyGroup {
            collection: Documents::DeadLetters,
            group: group.to_owned(),
        }],
        documents: vec![DocumentWrite::Delete {
            collection: Documents::Blocks,
            key: group.to_owned(),
            expected: version,
        }],
        ..WriteSet::default()
    };
    commit(engine, write).await
}

fn delete(document: &Document) -> DocumentWrite {
    DocumentWrite::Delete {
        collection: Documents::DeadLetters,
        key: document.key.clone(),
        expected: document.version,
    }
}
