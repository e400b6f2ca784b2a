//! Removes what a generation of a handler leaves behind when it is no longer used.

use platform_contract::schema::Schema;
use platform_ports::engine::Generation;
use rusqlite::{Connection, params};

use super::error::Error;
use super::tables::quoted;

/// Deletes up to `limit` rows of each kind; whether any is left, perhaps.
pub(super) fn drop_some(
    connection: &Connection,
    schema: Option<&Schema>,
    handler: &str,
    generation: Generation,
    limit: u32,
) -> Result<bool, Error> {
    let mut deleted = 0;
    if let Some(schema) = schema.filter(|schema| schema.generations) {
        let table = quoted(schema.table);
        let sql = format!(
            r#"DELETE FROM {table} WHERE "_generation" = ?1 AND "id" IN
                (SELECT "id" FROM {table} WHERE "_generation" = ?1 LIMIT ?2)"#
        );
        deleted += connection
            .prepare_cached(&sql)?
            .execute(params![generation, limit])?;
        deleted += connection
            .prepare_cached(
                "DELETE FROM microdb_tombstones WHERE of = ?1 AND generation = ?2 AND id IN
                    (SELECT id FROM microdb_tombstones WHERE of = ?1 AND generation = ?2 LIMIT ?3)",
            )?
            .execute(params![schema.table, generation, limit])?;
    }
    deleted += connection
        .prepare_cached(
            "DELETE FROM microdb_applied_sequences WHERE handler = ?1 AND generation = ?2 AND aggregate IN
                (SELECT aggregate FROM microdb_applied_sequences WHERE handler = ?1 AND generation = ?2 LIMIT ?3)",
        )?
        .execute(params![handler, generation, limit])?;
    connection
        .prepare_cached("DELETE FROM microdb_offsets WHERE handler = ?1 AND generation = ?2")?
        .execute(params![handler, generation])?;
    Ok(deleted > 0)
}
