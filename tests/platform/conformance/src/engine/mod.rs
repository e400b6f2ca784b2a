//! What every engine has to do, as tests over [`Engine`]: an engine's own test says how a database
//! with the tables of [`fixture`] comes about, and calls each group here.
//!
//! Every test has a database of its own, and panics where the engine does not do as it has to.

pub mod documents;
pub mod entities;
pub mod fixture;
pub mod outbox;
pub mod paging;
pub mod progress;
pub mod races;
pub mod references;
pub mod rows;
pub mod sharded;
pub mod whole;

use std::sync::Arc;

use platform_ports::engine::{CommitError, Engine, Options, WriteSet};

/// Where databases for tests come from; they go when this is dropped.
#[expect(
    async_fn_in_trait,
    reason = "every test is on the thread that calls it"
)]
pub trait Databases {
    /// An engine over a database of its own, with the tables of [`fixture`] and nothing in them.
    async fn open_with(&self, options: Options) -> Arc<dyn Engine>;

    /// The same, with the usual options.
    async fn open(&self) -> Arc<dyn Engine> {
        self.open_with(Options::default()).await
    }
}

/// Rows of tables.
pub async fn all_of_rows(databases: &impl Databases) {
    rows::values_come_back(&*databases.open().await).await;
    rows::json_keeps_its_digits(&*databases.open().await).await;
    rows::a_wrong_value_is_an_error(&*databases.open().await).await;
    rows::versions_are_checked(&*databases.open().await).await;
    rows::creation_is_kept(&*databases.open().await).await;
    rows::tombstones_count_on(&*databases.open().await).await;
    rows::collections_are_rewritten(&*databases.open().await).await;
    rows::generations_are_apart(&*databases.open().await).await;
    rows::versions_may_jump(&*databases.open().await).await;
    rows::many_ids_at_once(&*databases.open().await).await;
    rows::the_clock_goes(&*databases.open().await).await;
}

/// Conditions of write sets.
pub async fn all_of_checks(databases: &impl Databases) {
    rows::checks_of_versions(&*databases.open().await).await;
    rows::checks_of_answers(&*databases.open().await).await;
    documents::checks_of_groups(&*databases.open().await).await;
}

/// Unique constraints and references.
pub async fn all_of_references(databases: &impl Databases) {
    references::unique_over_live_rows(&*databases.open().await).await;
    references::unique_together(&*databases.open().await).await;
    references::references_name_something(&*databases.open().await).await;
    references::referenced_rows_stay(&*databases.open().await).await;
    references::its_own_reference_keeps_nothing(&*databases.open().await).await;
}

/// Entities inside of aggregates.
pub async fn all_of_entities(databases: &impl Databases) {
    entities::ids_are_those_of_an_aggregate(&*databases.open().await).await;
    entities::an_id_is_there_once(&*databases.open().await).await;
}

/// Rows that are divided among shards by one of their members.
pub async fn all_of_sharded(databases: &impl Databases) {
    sharded::rows_are_found_and_changed(&*databases.open().await).await;
    sharded::entities_follow_their_parent(&*databases.open().await).await;
    sharded::constraints_are_named(&*databases.open().await).await;
    sharded::an_id_is_used_once(databases.open().await).await;
}

/// Messages on their way out, and the log of events.
pub async fn all_of_outbox(databases: &impl Databases) {
    outbox::events_come_with_their_change(&*databases.open().await).await;
    outbox::known_messages_are_left_out(&*databases.open().await).await;
    outbox::acknowledged_and_refused(&*databases.open().await).await;
    outbox::the_log_is_ordered(&*databases.open().await).await;
    outbox::the_log_is_rewritten(&*databases.open().await).await;
    let small = Options {
        outbox_limit: 10,
        ..Options::default()
    };
    outbox::a_full_outbox_refuses(&*databases.open_with(small).await).await;
}

/// Gates and offsets.
pub async fn all_of_progress(databases: &impl Databases) {
    progress::gates_are_conditional(&*databases.open().await).await;
    progress::a_write_set_is_one(&*databases.open().await).await;
    progress::offsets_move_forward(&*databases.open().await).await;
}

/// Documents of the runtime.
pub async fn all_of_documents(databases: &impl Databases) {
    documents::versions_are_checked(&*databases.open().await).await;
    documents::lists_are_ordered(&*databases.open().await).await;
    documents::leases_end(&*databases.open().await).await;
}

/// Rows with their events and with the document that they come from.
pub async fn all_of_wholes(databases: &impl Databases) {
    whole::a_request_and_its_row_are_one(&*databases.open().await).await;
    whole::requests_are_found_by_their_aggregate(&*databases.open().await).await;
    whole::a_command_and_its_row_are_one(&*databases.open().await).await;
}

/// Searches and their pages.
pub async fn all_of_paging(databases: &impl Databases) {
    paging::pages_are_complete(&*databases.open().await).await;
    paging::filters(&*databases.open().await).await;
    paging::pages_bear_changes(&*databases.open().await).await;
    paging::foreign_cursors_are_refused(&*databases.open().await).await;
    paging::orders_of_kinds(&*databases.open().await).await;
}

/// Many writers at once.
pub async fn all_of_races(databases: &impl Databases) {
    races::a_conflict_hurts_nobody_else(databases.open().await).await;
    races::all_or_none(databases.open().await).await;
    races::increments_are_not_lost(databases.open().await).await;
}

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
