//! Brings the indexes there are in line with those that migrations declare (`lua/3_indexes.lua`).

use std::collections::{BTreeMap, BTreeSet};

use platform_ports::engine::OpenError;
use redis::RedisResult;
use serde_json::json;

use super::connect::Connection;

/// How many rows are entered in one call: the server does nothing else meanwhile.
const ROWS_PER_CALL: usize = 500;

/// The names of indexes, by table.
type IndexNames = BTreeMap<String, BTreeSet<String>>;

/// Enters the rows there are into indexes that are new, in steps between which the server does what else
/// it has to do, and removes those that are no longer declared. Any number of instances may do so at
/// once.
///
/// # Errors
/// When the server does not answer or refuses.
pub(super) async fn settle(connection: &Connection) -> Result<(), OpenError> {
    let settled = differences(connection).await;
    settled.map_err(|error| connection.address().refused(&error))
}

async fn differences(connection: &Connection) -> RedisResult<()> {
    let declared = names(connection, "indexes").await?;
    let indexed = names(connection, "indexed").await?;
    for (of, name) in without(&indexed, &declared) {
        let asked = json!({ "of": of, "name": name }).to_string();
        let _: u64 = connection
            .call("clear", &["unindex".to_owned(), asked])
            .await?;
    }
    for (of, name) in without(&declared, &indexed) {
        build(connection, of, name).await?;
    }
    Ok(())
}

/// The names that a hash has.
async fn names(connection: &Connection, hash: &str) -> RedisResult<IndexNames> {
    let mut command = redis::cmd("HGETALL");
    command.arg(format!("{}{hash}", connection.address().base));
    let texts: BTreeMap<String, String> = connection.query(&command).await?;
    let names = |text: String| text.split_whitespace().map(str::to_owned).collect();
    Ok(texts
        .into_iter()
        .map(|(of, text)| (of, names(text)))
        .collect())
}

/// What `all` has that `others` has not.
fn without<'a>(
    all: &'a IndexNames,
    others: &'a IndexNames,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let has = |of: &String, name: &String| others.get(of).is_some_and(|names| names.contains(name));
    let flat = all
        .iter()
        .flat_map(|(of, names)| names.iter().map(move |name| (of, name)));
    flat.filter(move |(of, name)| !has(of, name))
        .map(|(of, name)| (of.as_str(), name.as_str()))
}

async fn build(connection: &Connection, of: &str, name: &str) -> RedisResult<()> {
    let mut after = json!(false);
    loop {
        let asked = json!({ "of": of, "name": name, "after": after, "limit": ROWS_PER_CALL });
        let last: String = connection.call("index", &[asked.to_string()]).await?;
        if last.is_empty() {
            return Ok(());
        }
        after = json!(last);
    }
}
