//! Leases, which are documents too. No condition on groups is about them, so they take no lock by
//! name.

use std::sync::Arc;

use platform_ports::engine::EngineError;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::error::signed;
use super::statement;
use super::value::Arguments;

/// Takes or renews a lease; whether `owner` has it now.
pub(super) async fn lease(
    connection: &mut PgConnection,
    name: &str,
    owner: Uuid,
    millis: u64,
) -> Result<bool, EngineError> {
    let sql: Arc<str> =
        r#"INSERT INTO microdb_leases AS l (key, "group", position, due, version, body)
        VALUES ($1, $1, 0, clock_timestamp() + $3::bigint * interval '1 millisecond', 1, $2)
        ON CONFLICT (key) DO UPDATE SET
            due = clock_timestamp() + $3::bigint * interval '1 millisecond',
            version = l.version + 1, body = excluded.body
        WHERE l.due <= clock_timestamp() OR l.body = excluded.body"#
            .into();
    let body = serde_json::json!({ "owner": owner.to_string() });
    let arguments = Arguments::default()
        .text(name)
        .text(&body.to_string())
        .int(signed(millis)?);
    Ok(statement::execute(connection, &sql, arguments).await? == 1)
}
