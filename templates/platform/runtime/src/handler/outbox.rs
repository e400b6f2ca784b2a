//! Messages of this service's own that the broker refuses for good: each blocks its key.

use std::collections::BTreeSet;

use serde_json::json;
use uuid::Uuid;

use super::dead_letters::DeadLetter;
use super::execution::write;
use crate::Runtime;
use platform_ports::engine::{
    DISCARDED, Document, DocumentWrite, Documents, Engine, EngineError, OutboxRow,
};

/// What they are listed under instead of a handler.
pub(super) const NAME: &str = "outbox";

/// How many are listed at most.
const AT_ONCE: u32 = 10_000;

/// All of them, by the aggregates they are about.
pub(super) async fn list(engine: &dyn Engine) -> Result<Vec<DeadLetter>, EngineError> {
    let rows = engine.refused(AT_ONCE).await?;
    let mut keys = BTreeSet::new();
    let firsts = rows
        .into_iter()
        .filter(|row| keys.insert(row.event.aggregate_id));
    Ok(firsts.map(shown).collect())
}

fn shown(row: OutboxRow) -> DeadLetter {
    let why = row.refused.unwrap_or_default();
    DeadLetter {
        handler: NAME.to_owned(),
        key: row.event.aggregate_id,
        position: 0,
        kind: row.event.kind,
        sequence: Some(row.event.sequence),
        failure: Some(format!("the broker refuses it: {why}")),
        attempts: 1,
        since: row.written_at,
    }
}

/// Lets the messages of a key be published again; whether any were refused.
pub(super) async fn retry(runtime: &Runtime, key: Uuid) -> Result<bool, EngineError> {
    let refused = of_key(&*runtime.engine, key).await?;
    for row in &refused {
        runtime.engine.refuse(row.event.id, None).await?;
    }
    runtime.outbox_wake_up.send();
    Ok(!refused.is_empty())
}

/// Gives up the messages of a key that are refused, so that what is behind them goes on; whether there
/// were any. The log keeps events, but whoever asks for one of these is told the aggregate's state
/// instead: in the outbox it would be refused again.
pub(super) async fn discard(runtime: &Runtime, key: Uuid) -> Result<bool, EngineError> {
    let refused = of_key(&*runtime.engine, key).await?;
    for row in &refused {
        let (id, kind, sequence) = (row.event.id, &row.event.kind, row.event.sequence);
        tracing::warn!(%id, kind, aggregate = %key, sequence, "discarded from the outbox");
        // First, so that it cannot be asked for in between.
        write(runtime, vec![discarded(row)]).await?;
        runtime.engine.acknowledge(&[id]).await?;
    }
    runtime.outbox_wake_up.send();
    Ok(!refused.is_empty())
}

fn discarded(row: &OutboxRow) -> DocumentWrite {
    DocumentWrite::Put {
        collection: Documents::Projections,
        expected: 0,
        document: Document {
            key: format!("{DISCARDED}{}", row.event.id),
            group: DISCARDED.to_owned(),
            position: 0,
            due: None,
            version: 0,
            body: json!({ "aggregate": row.event.aggregate_id, "sequence": row.event.sequence }),
        },
    }
}

async fn of_key(engine: &dyn Engine, key: Uuid) -> Result<Vec<OutboxRow>, EngineError> {
    let mut refused = engine.refused(AT_ONCE).await?;
    refused.retain(|row| row.event.aggregate_id == key);
    Ok(refused)
}
