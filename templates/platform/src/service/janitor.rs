//! Sweeps out what has served its time: the answers to old requests.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::{CommitError, DocumentWrite, Documents, DocumentsQuery, EngineError, WriteSet};
use crate::runtime::Runtime;
use crate::value::Timestamp;

/// The pause between two rounds.
const PAUSE: Duration = Duration::from_secs(15 * 60);
/// How many answers are deleted in one transaction.
const BATCH: u32 = 200;

/// Makes its rounds until the service shuts down.
pub(super) async fn run(runtime: Arc<Runtime>) {
    let mut shutdown = runtime.shutdown.clone();
    loop {
        if let Err(error) = round(&runtime).await {
            tracing::warn!(%error, "sweeping out was put off");
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            _ = shutdown.wait_for(|stop| *stop) => return,
        }
    }
}

async fn round(runtime: &Runtime) -> Result<(), EngineError> {
    let now = runtime.engine.now().await?;
    while sweep_requests(runtime, now).await? {}
    Ok(())
}

/// Deletes answers that are due; whether there may be more.
async fn sweep_requests(runtime: &Runtime, now: Timestamp) -> Result<bool, EngineError> {
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
    let delete = |document: crate::engine::Document| DocumentWrite::Delete {
        collection: Documents::Requests,
        key: document.key,
        expected: document.version,
    };
    let write = WriteSet {
        documents: due.into_iter().map(delete).collect(),
        ..WriteSet::default()
    };
    if write.documents.is_empty() {
        return Ok(false);
    }
    match runtime.engine.commit(write).await {
        Ok(()) => Ok(more),
        Err(CommitError::Engine(error)) => Err(error),
        // Another process sweeps as well.
        Err(_) => Ok(false),
    }
}
