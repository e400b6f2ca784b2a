//! Places of workspaces that were never released, which follow the description: what they were made for, how
//! they are amended, and begun anew.

use platform_ports::engine::history::Applied;
use platform_ports::engine::{Amendment, OpenError};
use redis::RedisResult;

use super::connect::{self, Connection};
use super::migrate;

/// How many keys are looked at in one call: the server does nothing else meanwhile.
const KEYS_PER_CALL: u32 = 1_000;

/// What the place that a URL names has had.
pub(super) async fn history(url: &str) -> Result<Applied, OpenError> {
    migrate::applied(&connect::connect(url).await?).await
}

/// Amends the place that a URL names. A migration that is to be applied again is forgotten: it says which
/// indexes there are, all of a table at once, and the engine makes and removes them.
pub(super) async fn amend(url: &str, amendment: &Amendment) -> Result<(), OpenError> {
    let connection = connect::connect(url).await?;
    let amended = write(&connection, amendment).await;
    amended.map_err(|error| connection.address().refused(&error))
}

async fn write(connection: &Connection, amendment: &Amendment) -> RedisResult<()> {
    let migrations = migrate::applied_key(connection);
    let again = amendment.again.map(|migration| migration.name);
    for name in amendment.forgotten.iter().map(String::as_str).chain(again) {
        let mut forget = redis::cmd("HDEL");
        let _: u64 = connection.query(forget.arg(&migrations).arg(name)).await?;
    }
    let recorded = amendment.recorded.iter();
    for (name, hash) in recorded.filter(|(name, _)| Some(name.as_str()) != again) {
        let mut record = redis::cmd("HSET");
        let record = record.arg(&migrations).arg(name).arg(hash);
        let _: u64 = connection.query(record).await?;
    }
    Ok(())
}

/// Empties the place that a URL names. What it has had goes last: who is interrupted finds it again.
pub(super) async fn reset(url: &str) -> Result<(), OpenError> {
    let connection = connect::connect(url).await?;
    let emptied = remove_all(&connection).await;
    emptied.map_err(|error| connection.address().refused(&error))
}

async fn remove_all(connection: &Connection) -> RedisResult<()> {
    let migrations = migrate::applied_key(connection);
    let pattern = format!("{}*", connection.address().base);
    let mut cursor = "0".to_owned();
    loop {
        // All keys of a place are where its first one is.
        let mut scan = redis::cmd("SCAN");
        let scan = scan.arg(&cursor).arg("MATCH").arg(&pattern);
        let scan = scan.arg("COUNT").arg(KEYS_PER_CALL);
        let (next, mut keys): (String, Vec<Vec<u8>>) = connection.query(scan).await?;
        keys.retain(|key| key != migrations.as_bytes());
        if !keys.is_empty() {
            let mut unlink = redis::cmd("UNLINK");
            let _: u64 = connection.query(unlink.arg(&keys)).await?;
        }
        if next == "0" {
            break;
        }
        cursor = next;
    }
    let mut unlink = redis::cmd("UNLINK");
    let _: u64 = connection.query(unlink.arg(&migrations)).await?;
    Ok(())
}
