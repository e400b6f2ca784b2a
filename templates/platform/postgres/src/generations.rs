//! Removes what a generation of a handler leaves behind when it is no longer used, and so nothing relies
//! on what is in it any more.

use std::sync::Arc;

use platform_contract::schema::Schema;
use platform_ports::engine::{EngineError, Generation};
use sqlx::postgres::PgConnection;

use super::statement;
use super::tables::quoted;
use super::value::Arguments;

/// Deletes up to `limit` rows of each kind; whether any is left, perhaps.
pub(super) async fn drop_some(
    connection: &mut PgConnection,
    schema: Option<&Schema>,
    handler: &str,
    generation: Generation,
    limit: u32,
) -> Result<bool, EngineError> {
    let mut deleted = 0;
    if let Some(schema) = schema.filter(|schema| schema.generations) {
        let table = quoted(schema.table);
        let sql = format!(
            r#"DELETE FROM {table} WHERE "_generation" = $1 AND "id" IN
                (SELECT "id" FROM {table} WHERE "_generation" = $1 ORDER BY "id" LIMIT $2)"#
        );
        let arguments = Arguments::default().int(generation).int(limit);
        deleted += statement::execute(connection, &sql.into(), arguments).await?;
        let sql: Arc<str> =
            "DELETE FROM microdb_tombstones WHERE of = $1 AND generation = $2 AND id IN
                (SELECT id FROM microdb_tombstones WHERE of = $1 AND generation = $2 ORDER BY id LIMIT $3)"
                .into();
        let arguments = Arguments::default()
            .text(schema.table)
            .int(generation)
            .int(limit);
        deleted += statement::execute(connection, &sql, arguments).await?;
    }
    let sql: Arc<str> =
        "DELETE FROM microdb_applied_sequences WHERE handler = $1 AND generation = $2 AND aggregate IN
            (SELECT aggregate FROM microdb_applied_sequences WHERE handler = $1 AND generation = $2
                ORDER BY aggregate LIMIT $3)"
            .into();
    let arguments = Arguments::default()
        .text(handler)
        .int(generation)
        .int(limit);
    deleted += statement::execute(connection, &sql, arguments).await?;
    let sql: Arc<str> = "DELETE FROM microdb_offsets WHERE handler = $1 AND generation = $2".into();
    let arguments = Arguments::default().text(handler).int(generation);
    statement::execute(connection, &sql, arguments).await?;
    Ok(deleted > 0)
}
