//! When what is worked off by time falls due, so that it is waited for and not asked for over and over.

use std::time::Duration;

use platform_contract::value::Timestamp;
use platform_ports::engine::{Documents, DocumentsQuery, Engine, EngineError};

/// The pause where something is due that cannot be taken now.
pub(super) const SOON: Duration = Duration::from_millis(250);

/// What falls due later than that, in milliseconds, need not be waited for.
const FAR_MS: u64 = 365 * 24 * 60 * 60 * 1_000;

/// How long until the next document falls due, of each group its head; `None`: there is none. What has no
/// due time never is: a dead letter says nothing of others.
pub(super) async fn next(
    engine: &dyn Engine,
    collection: Documents,
    now: Timestamp,
) -> Result<Option<Duration>, EngineError> {
    let query = DocumentsQuery {
        collection,
        group: None,
        due_by: Some(now.plus_millis(FAR_MS)),
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
