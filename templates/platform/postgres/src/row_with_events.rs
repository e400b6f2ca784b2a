//! A row with its messages in one statement, and with the document of the request or command that it
//! comes from: a transaction of its own, where none was begun, in one exchange with the server.

use std::sync::Arc;

use platform_ports::engine::{
    Document, DocumentWrite, Documents, EngineError, OutboxEvent, Save, Stored,
};
use sqlx::postgres::PgConnection;

use super::apply::ApplyError;
use super::error::{StatementError, deleted, lost, signed};
use super::locks;
use super::save::values;
use super::statement;
use super::tables::TableSql;
use super::value::{Arguments, Sql, Type};
use super::{constraints, documents, outbox};

/// The statements for one table.
pub(super) struct RowWithEventsSql {
    /// A row that was never there, with messages.
    made: Arc<str>,
    /// Another content of a row of the version before, with messages.
    changed: Arc<str>,
    /// What saves the row in either, after the tables `shared` and, where there is one, `document`.
    saving: [String; 2],
    /// The number of the first parameter after those of the row.
    first: usize,
    /// The lock that stands for what searches over the table answer.
    lock: i64,
}

/// A document that is written together with a row and its messages.
pub(super) enum AttachedDocument<'a> {
    /// There is none.
    None,
    /// A new document.
    Insert(Documents, &'a Document),
    /// A document is deleted that has this version.
    Delete(Documents, &'a str, u64),
}

impl<'a> AttachedDocument<'a> {
    /// `None`: it takes more than one statement.
    pub(super) fn of(writes: &'a [DocumentWrite]) -> Option<Self> {
        match writes {
            [] => Some(Self::None),
            [
                DocumentWrite::Put {
                    collection,
                    expected: 0,
                    document,
                },
            ] => Some(Self::Insert(*collection, document)),
            [
                DocumentWrite::Delete {
                    collection,
                    key,
                    expected,
                },
            ] => Some(Self::Delete(*collection, key, *expected)),
            _ => None,
        }
    }
}

impl RowWithEventsSql {
    /// `made` and `changed` save the row `FROM shared` and give a row when they did, with parameters
    /// before `first`.
    pub(super) fn new(made: String, changed: String, first: usize, lock: i64) -> Self {
        let shared = sharing(lock);
        let alone = |saving: &str| composed(&shared, saving, first, "", "").into();
        Self {
            made: alone(&made),
            changed: alone(&changed),
            saving: [made, changed],
            first,
            lock,
        }
    }

    fn statement(&self, making: bool, attached: &AttachedDocument<'_>) -> Arc<str> {
        let [made, changed] = &self.saving;
        let saving = if making { made } else { changed };
        let next = self.first + outbox::PARAMETERS;
        match attached {
            AttachedDocument::None if making => Arc::clone(&self.made),
            AttachedDocument::None => Arc::clone(&self.changed),
            AttachedDocument::Insert(collection, _) => {
                // Of the document's group and of the table, in the order in which all take them.
                let shared = format!(
                    "SELECT pg_advisory_xact_lock_shared(${next}), pg_advisory_xact_lock_shared(${})",
                    next + 1
                );
                let document = format!(
                    ", document AS (INSERT INTO {} ({}) SELECT ${}, ${}, ${}, ${}, 1, ${} FROM saved)",
                    documents::table(*collection),
                    documents::COLUMNS,
                    next + 2,
                    next + 3,
                    next + 4,
                    next + 5,
                    next + 6
                );
                composed(&shared, saving, self.first, &document, "").into()
            }
            AttachedDocument::Delete(collection, ..) => {
                let shared = sharing(self.lock);
                let document = format!(
                    ", document AS (DELETE FROM {} WHERE key = ${next} AND version = ${}
                        AND EXISTS (SELECT FROM saved) RETURNING TRUE)",
                    documents::table(*collection),
                    next + 1
                );
                // A row that was saved though its command was gone is not to stay.
                let gone = " WHERE microdb_must(NOT EXISTS (SELECT FROM saved)
                    OR EXISTS (SELECT FROM document))";
                composed(&shared, saving, self.first, &document, gone).into()
            }
        }
    }

    /// The parameters after those of the messages.
    fn arguments(
        &self,
        arguments: Arguments,
        attached: &AttachedDocument<'_>,
    ) -> Result<Arguments, EngineError> {
        Ok(match attached {
            AttachedDocument::None => arguments,
            AttachedDocument::Insert(collection, document) => {
                let mut locks = [self.lock, locks::of_group(*collection, &document.group)];
                locks.sort_unstable();
                let due = document.due.map(|due| Sql::Instant(due.as_microseconds()));
                let [first, second] = locks;
                arguments
                    .int(first)
                    .int(second)
                    .text(&document.key)
                    .text(&document.group)
                    .int(document.position)
                    .one(Type::Instant, &due.unwrap_or(Sql::Null))
                    .text(&document.body.to_string())
            }
            AttachedDocument::Delete(_, key, version) => arguments.text(key).int(signed(*version)?),
        })
    }
}

fn sharing(lock: i64) -> String {
    format!("SELECT pg_advisory_xact_lock_shared({lock})")
}

/// Messages are written when the row is, and only then.
fn composed(shared: &str, saving: &str, first: usize, document: &str, condition: &str) -> String {
    let columns = outbox::COLUMNS;
    let given = outbox::given(first);
    format!(
        "WITH shared AS MATERIALIZED ({shared}), saved AS ({saving}){document},
        n AS MATERIALIZED ({given}),
        log AS (INSERT INTO microdb_event_log ({columns}) SELECT {columns} FROM n, saved WHERE logged)
        INSERT INTO microdb_outbox ({columns}, logged) SELECT {columns}, logged FROM n, saved{condition}
        ORDER BY place"
    )
}

/// Saves a row with its messages and the attached document. `false`: nothing was done, as there is no row
/// of this version, or there is one already; what that means is for [`super::save::save`] to find out.
pub(super) async fn apply(
    connection: &mut PgConnection,
    sql: &TableSql,
    (save, stored): (&Save, &Stored),
    events: &[OutboxEvent],
    attached: &AttachedDocument<'_>,
) -> Result<bool, ApplyError> {
    let making = save.expected == 0;
    let arguments = outbox::arrays(values(save, stored)?, events)?;
    let arguments = sql.row_with_events.arguments(arguments, attached)?;
    let statement = sql.row_with_events.statement(making, attached);
    let written = statement::execute(connection, &statement, arguments).await;
    match written {
        Ok(written) => Ok(written == events.len() as u64),
        Err(StatementError::Server(error)) if deleted(&error) || lost(&error) => {
            Err(ApplyError::conflict())
        }
        Err(failed) => Err(match outbox::refused(failed) {
            Ok(stop) => stop,
            Err(failed) => constraints::apply_error(save, stored.id, making, failed),
        }),
    }
}
