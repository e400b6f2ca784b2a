//! SQLite does what every engine has to do.

mod conformance;
mod sqlite;

use conformance::{documents, outbox, paging, progress, races, references, rows};
use platform::engine::sqlite::Options;
use sqlite::Database;

#[tokio::test]
async fn rows() {
    rows::values_come_back(&*Database::new().open()).await;
    rows::a_wrong_value_is_an_error(&*Database::new().open()).await;
    rows::versions_are_checked(&*Database::new().open()).await;
    rows::creation_is_kept(&*Database::new().open()).await;
    rows::tombstones_count_on(&*Database::new().open()).await;
    rows::collections_are_rewritten(&*Database::new().open()).await;
    rows::generations_are_apart(&*Database::new().open()).await;
    rows::versions_may_jump(&*Database::new().open()).await;
    rows::the_clock_goes(&*Database::new().open()).await;
}

#[tokio::test]
async fn checks() {
    rows::checks_of_versions(&*Database::new().open()).await;
    rows::checks_of_answers(&*Database::new().open()).await;
    documents::checks_of_groups(&*Database::new().open()).await;
}

#[tokio::test]
async fn references() {
    references::unique_over_live_rows(&*Database::new().open()).await;
    references::unique_together(&*Database::new().open()).await;
    references::references_name_something(&*Database::new().open()).await;
    references::referenced_rows_stay(&*Database::new().open()).await;
}

#[tokio::test]
async fn outbox() {
    outbox::events_come_with_their_change(&*Database::new().open()).await;
    outbox::acknowledged_and_refused(&*Database::new().open()).await;
    outbox::the_log_is_ordered(&*Database::new().open()).await;
    let small = Options {
        outbox_limit: 10,
        ..Options::default()
    };
    outbox::a_full_outbox_refuses(&*Database::new().open_with(small)).await;
}

#[tokio::test]
async fn progress() {
    progress::gates_are_conditional(&*Database::new().open()).await;
    progress::a_write_set_is_one(&*Database::new().open()).await;
    progress::offsets_move_forward(&*Database::new().open()).await;
}

#[tokio::test]
async fn documents() {
    documents::versions_are_checked(&*Database::new().open()).await;
    documents::lists_are_ordered(&*Database::new().open()).await;
    documents::leases_end(&*Database::new().open()).await;
}

#[tokio::test]
async fn paging() {
    paging::pages_are_complete(&*Database::new().open()).await;
    paging::filters(&*Database::new().open()).await;
    paging::pages_bear_changes(&*Database::new().open()).await;
    paging::foreign_cursors_are_refused(&*Database::new().open()).await;
    paging::orders_of_kinds(&*Database::new().open()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn races() {
    races::a_conflict_hurts_nobody_else(Database::new().open()).await;
    races::all_or_none(Database::new().open()).await;
    races::increments_are_not_lost(Database::new().open()).await;
}
