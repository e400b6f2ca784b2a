//! When what is worked off by time falls due, so that it is waited for and not asked for over and over.

use std::time::Duration;

use crate::engine::{Documents, DocumentsQuery, Engine, EngineError};
use crate::value::Timestamp;

/// The pause where something is due that cannot be taken now.
pub(super) const SOON: Duration = Duration::from_millis(250);

/// How long until the next document falls due, of each group its head; `None`: there is none.
pub(super) async fn next(
    engine: &dyn Engine,
    collection: Documents,
    now: Timestamp,
) -> Result<Option<Duration>, EngineError> {
    let query = DocumentsQuery {
        collection,
        group: None,
        due_by: None,
        heads_only: true,
        after: None,
        limit: 1,
    };
    let first = engine.documents(&query).await?;
    let due = first.first().and_then(|document| document.due);
    Ok(due.map(|due| match due.millis_since(now) {
        0 => SOON,
        millis => Duration::from_millis(millis),
    }))
}

/// Waits for so long, or for ever.
pub(super) async fn wait(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}
