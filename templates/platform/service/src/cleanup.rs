//! Deletes what has served its time: the outcomes of old requests.

use std::sync::Arc;
use std::time::Duration;

use platform_contract::value::Timestamp;
use platform_ports::engine::{CommitError, Documents, DocumentsQuery, EngineError, WriteSet};
use platform_runtime::Runtime;
use platform_runtime::unit_of_work::idempotency;

/// The pause between two cleanups.
const PAUSE: Duration = Duration::from_secs(15 * 60);
/// How many outcomes are deleted in one transaction.
const BATCH: u32 = 200;

/// Works until the service shuts down.
pub(super) async fn run(runtime: Arc<Runtime>) {
    let mut shutdown = runtime.shutdown.clone();
    loop {
        if let Err(error) = clean_up(&runtime).await {
            runtime.outages.failed(
                &error,
                || tracing::warn!(%error, "sweeping out was put off"),
            );
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            _ = shutdown.wait_for(|stop| *stop) => return,
        }
    }
}

async fn clean_up(runtime: &Runtime) -> Result<(), EngineError> {
    let now = runtime.engine.now().await?;
    while delete_expired(runtime, now).await? {}
    Ok(())
}

/// Deletes outcomes that are due; whether there may be more.
async fn delete_expired(runtime: &Runtime, now: Timestamp) -> Result<bool, EngineError> {
    let query = DocumentsQuery {
        collection: Documents::Requests,
        group: None,
        due_by: Some(now),
        heads_only: false,
        after: None,
        limit: BATCH,
    };
    let due = runtime.engine.documents(&query).await?;
    let more = due.len() == BATCH as usize;
    let write = WriteSet::of_documents(due.into_iter().map(idempotency::expired).collect());
    if write.documents.is_empty() {
        return Ok(false);
    }
    match runtime.engine.commit(write).await {
        Ok(()) => Ok(more),
        // Another process cleans up as well.
        Err(CommitError::Conflict) => Ok(false),
        Err(CommitError::Engine(error)) => Err(error),
        // There is nothing in it but documents, and these have no such constraints.
        Err(error) => Err(EngineError::Corrupt(error.to_string())),
    }
}
