//! Removes what a generation of a handler leaves behind when it is no longer used.

use platform_contract::schema::Schema;
use platform_ports::engine::{EngineError, Generation};

use super::connect::Connection;
use super::progress::of;
use super::rows;

/// Deletes its rows, applied sequences and offsets.
pub(super) async fn drop_generation(
    connection: &Connection,
    schema: Option<&Schema>,
    handler: &str,
    generation: Generation,
) -> Result<(), EngineError> {
    let handler = of(handler, generation);
    let mut keys = vec![
        format!("applied_sequences:{handler}"),
        format!("offsets:{handler}"),
    ];
    if let Some(schema) = schema.filter(|schema| schema.generations) {
        let table = rows::of(schema, generation);
        let kinds = ["rows", "ids", "gone", "gone_ids", "entries"];
        keys.extend(kinds.map(|kind| format!("{kind}:{table}")));
    }
    connection.clear("drop", &keys).await.map(drop)
}
