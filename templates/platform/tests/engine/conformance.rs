//! What every engine has to do, as tests over [`Engine`]: an engine's own test makes an empty
//! database with the tables of [`fixture`] and calls each function here with it.
//!
//! Every function wants a database of its own, and panics where the engine does not do as it has to.

pub mod documents;
pub mod fixture;
pub mod outbox;
pub mod paging;
pub mod progress;
pub mod races;
pub mod references;
pub mod rows;

use platform::engine::{CommitError, Engine, WriteSet};

/// Commits what has to be taken.
async fn commit(engine: &dyn Engine, write: WriteSet) {
    engine
        .commit(write)
        .await
        .expect("the write set is to be taken");
}

/// Commits what has to meet with a conflict.
async fn conflict(engine: &dyn Engine, write: WriteSet) {
    let error = engine
        .commit(write)
        .await
        .expect_err("the write set is not to be taken");
    assert!(
        matches!(error, CommitError::Conflict),
        "a conflict, not: {error}"
    );
}
