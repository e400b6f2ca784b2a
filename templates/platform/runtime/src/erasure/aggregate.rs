//! What a service keeps of an aggregate of its own: its events, and the answers to what it was asked.

use uuid::Uuid;

use crate::Runtime;
use crate::handler::{contention, erase_commands_on};
use crate::publisher::PublishedAggregate;
use crate::unit_of_work::idempotency;
use platform_contract::envelope::Envelope;
use platform_ports::engine::{EngineError, OutboxEvent, WriteSet};

/// How many events are rewritten in one go.
const EVENTS: u32 = 100;

/// Erases what is kept of an aggregate up to a version; whether nothing of it was under way.
pub(super) async fn erase(
    runtime: &Runtime,
    owned: &PublishedAggregate,
    id: Uuid,
    version: u64,
) -> Result<bool, EngineError> {
    let events = erase_events(runtime, owned, id, version).await?;
    let requests = erase_requests(runtime, owned, id, version).await?;
    let commands = erase_commands_on(runtime, id).await?;
    Ok(events && requests && commands)
}

/// Whether none was of a newer version than this program knows.
async fn erase_events(
    runtime: &Runtime,
    owned: &PublishedAggregate,
    id: Uuid,
    version: u64,
) -> Result<bool, EngineError> {
    let engine = &runtime.engine;
    let (mut after, mut known) = (0, true);
    loop {
        let log = engine.event_log(owned.name, Some((id, after)), EVENTS);
        let mut events = log.await?;
        events.retain(|event| event.aggregate_id == id && event.sequence <= version);
        let Some(last) = events.last() else {
            return Ok(known);
        };
        after = last.sequence;
        let mut rewritten = Vec::new();
        for event in events {
            match emptied(owned, &event) {
                Some(emptied) if emptied.wire != event.wire => rewritten.push(emptied),
                Some(_) => {}
                None => known = false,
            }
        }
        if !rewritten.is_empty() {
            engine.rewrite_event_log(&rewritten).await?;
        }
    }
}

/// The event without personal data; `None`: this program does not know its version.
fn emptied(owned: &PublishedAggregate, event: &OutboxEvent) -> Option<OutboxEvent> {
    let mut emptied = event.clone();
    match Envelope::from_wire(&event.wire) {
        Ok(envelope) => {
            let envelope = (owned.emptied)(&envelope)?;
            emptied.kind = envelope.versioned_kind();
            emptied.wire = envelope.to_wire();
        }
        // What nobody can read is not kept either.
        Err(_) => emptied.wire.payload = b"{}".to_vec(),
    }
    Some(emptied)
}

/// Whether no other write was in the way.
async fn erase_requests(
    runtime: &Runtime,
    owned: &PublishedAggregate,
    id: Uuid,
    version: u64,
) -> Result<bool, EngineError> {
    let engine = &runtime.engine;
    let requests = engine.requests(owned.schema.table, id).await?;
    let emptied = requests.into_iter();
    let emptied = emptied.filter_map(|one| idempotency::emptied(one, owned.schema, version));
    for write in emptied {
        if !contention::commit(&**engine, WriteSet::of_documents(vec![write])).await? {
            return Ok(false);
        }
    }
    Ok(true)
}
