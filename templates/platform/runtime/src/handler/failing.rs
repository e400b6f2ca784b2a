//! Commands that could not be carried out: they are postponed, and with them those behind them; one that fails by its
//! own fault too often becomes a dead letter of its target.

use std::sync::LazyLock;

use prometheus::IntCounterVec;
use serde_json::json;

use super::command::PendingCommand;
use super::dispatcher::HandedOver;
use super::execution::{NotExecuted, write};
use super::{metrics, stuck};
use crate::Runtime;
use platform_contract::value::Timestamp;
use platform_ports::engine::{Document, DocumentWrite, Documents, EngineError};

/// The first pause after a command could not be carried out; it doubles.
const FIRST_PAUSE_MS: u64 = 100;
/// The longest pause.
const LONGEST_PAUSE_MS: u64 = 60_000;
/// How often a command is tried that fails by its own fault; then it is a dead letter of its target.
const ATTEMPTS: u32 = 8;

pub(super) static FAILED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    metrics::counter(
        "microdb_commands_failed_total",
        "Times that a command of a policy or an effect could not be carried out, and has to wait.",
    )
});

/// Postpones a command that failed; one that fails by its own fault too often is given up.
pub(super) async fn failed(
    runtime: &Runtime,
    document: Document,
    pending: PendingCommand,
    now: Timestamp,
    why: NotExecuted,
) -> Result<HandedOver, EngineError> {
    let key = &document.key;
    let there = runtime.engine.document(Documents::Commands, key).await?;
    if there.is_none() {
        // Another process was faster.
        return Ok(HandedOver::Done);
    }
    FAILED.with_label_values(&[&pending.handler]).inc();
    let own = u32::from(why.is_its_own_fault());
    let attempts = pending.attempts.saturating_add(own);
    if attempts >= ATTEMPTS {
        return give_up(runtime, document, Some(pending), why.to_string()).await;
    }
    runtime.outages.failed(&why, || {
        tracing::warn!(
            handler = pending.handler,
            command = pending.command,
            id = key,
            %why,
            "a command could not be carried out; it is tried again"
        );
    });
    let pause = FIRST_PAUSE_MS.saturating_mul(1 << pending.failures.min(20));
    let failed = PendingCommand {
        failures: pending.failures.saturating_add(1),
        attempts,
        ..pending
    };
    let due = now.plus_millis(pause.min(LONGEST_PAUSE_MS));
    postpone(runtime, document, failed, due).await?;
    Ok(HandedOver::Failed)
}

/// Makes a dead letter of a command; `None` when nobody can read what it says.
pub(super) async fn give_up(
    runtime: &Runtime,
    document: Document,
    pending: Option<PendingCommand>,
    why: String,
) -> Result<HandedOver, EngineError> {
    let attempts = if pending.is_some() { ATTEMPTS } else { 0 };
    let afresh = |pending| {
        json!(PendingCommand {
            failures: 0,
            attempts: 0,
            ..pending
        })
    };
    let body = pending.map_or_else(|| document.body.clone(), afresh);
    let commands = Documents::Commands;
    stuck::set_aside(runtime, commands, document, body, why, attempts).await?;
    Ok(HandedOver::Done)
}

/// Postpones a command, and those behind it.
pub(super) async fn postpone(
    runtime: &Runtime,
    document: Document,
    pending: PendingCommand,
    due: Timestamp,
) -> Result<(), EngineError> {
    let put = DocumentWrite::Put {
        collection: Documents::Commands,
        expected: document.version,
        document: Document {
            due: Some(due),
            body: json!(pending),
            ..document
        },
    };
    write(runtime, vec![put]).await
}
