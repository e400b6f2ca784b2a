//! The runtime's collections of documents, and leases, which are documents too
//! (`lua/7_documents.lua`).

use platform_contract::value::Timestamp;
use platform_ports::engine::{Document, DocumentWrite, Documents, DocumentsQuery, EngineError};
use redis::RedisResult;
use serde_json::{Value, json};
use uuid::Uuid;

use super::codec::{from_signed, signed};
use super::connect::{Connection, json};
use super::error::{corrupt, failure};

/// The longest lease, in milliseconds: about 30 years.
const LONGEST: u64 = 1_000_000_000_000;

/// The key of a collection.
pub(super) fn of(collection: Documents) -> &'static str {
    match collection {
        Documents::Requests => "documents:requests",
        Documents::Commands => "documents:commands",
        Documents::Parked => "documents:parked",
        Documents::DeadLetters => "documents:dead_letters",
        Documents::Blocks => "documents:blocks",
        Documents::Jobs => "documents:jobs",
        Documents::Cursors => "documents:cursors",
        Documents::Projections => "documents:projections",
        Documents::Leases => "documents:leases",
    }
}

/// A group without two zero bytes in a row, in the same order as groups are.
pub(super) fn escaped(group: &str) -> String {
    group.replace('\0', "\0\u{1}")
}

fn unescaped(group: &str) -> String {
    group.replace("\0\u{1}", "\0")
}

/// A due time that orders as they do; none is the least.
fn due(due: Option<Timestamp>) -> String {
    match due {
        None => "0".to_owned(),
        Some(due) => format!("1{}", signed(due.as_microseconds())),
    }
}

/// A change, as the function takes it.
pub(super) fn change(write: &DocumentWrite) -> Value {
    match write {
        DocumentWrite::Put {
            collection,
            expected,
            document,
        } => json!({
            "of": of(*collection),
            "key": document.key,
            "expected": expected.to_string(),
            "put": {
                "version": expected.saturating_add(1).to_string(),
                "group": escaped(&document.group),
                "position": signed(document.position),
                "due": due(document.due),
                "body": document.body.to_string(),
            },
        }),
        DocumentWrite::Delete {
            collection,
            key,
            expected,
        } => json!({
            "of": of(*collection),
            "key": key,
            "expected": expected.to_string(),
            "put": false,
        }),
    }
}

/// A document.
pub(super) async fn get(
    connection: &Connection,
    collection: Documents,
    key: &str,
) -> Result<Option<Document>, EngineError> {
    let asked = json!({ "of": of(collection), "key": key });
    let found: Option<String> = connection.read("document", &asked).await?;
    found.map(|text| document(key, &text)).transpose()
}

/// Documents by due time, group, position and key; by key alone when paging.
pub(super) async fn list(
    connection: &Connection,
    query: &DocumentsQuery,
) -> Result<Vec<Document>, EngineError> {
    let asked = json!({
        "of": of(query.collection),
        "group": query.group.as_deref().map_or(Value::Bool(false), |group| escaped(group).into()),
        "due_by": query.due_by.map_or(Value::Bool(false), |at| due(Some(at)).into()),
        "heads_only": query.heads_only,
        "after": query.after.as_deref().map_or(Value::Bool(false), Value::from),
        "limit": query.limit,
    });
    let found: Vec<(String, String)> = connection.read("documents", &asked).await?;
    found
        .iter()
        .map(|(key, text)| document(key, text))
        .collect()
}

/// How many documents there are.
pub(super) async fn count(
    connection: &Connection,
    collection: Documents,
) -> Result<u64, EngineError> {
    connection
        .read("count", &json!({ "of": of(collection) }))
        .await
}

/// Takes or renews a lease; whether `owner` has it now.
pub(super) async fn lease(
    connection: &Connection,
    name: &str,
    owner: Uuid,
    millis: u64,
) -> Result<bool, EngineError> {
    let asked = json!({
        "of": of(Documents::Leases),
        "key": name,
        "group": escaped(name),
        "position": signed(0),
        "body": json!({ "owner": owner.to_string() }).to_string(),
        "millis": millis.min(LONGEST),
    });
    let taken: RedisResult<u64> = connection.call("lease", &[json(&asked)?]).await;
    Ok(taken.map_err(failure)? == 1)
}

fn document(key: &str, text: &str) -> Result<Document, EngineError> {
    let malformed = || corrupt("a document");
    let [version, group, position, due, body]: [String; 5] =
        serde_json::from_str(text).map_err(|_| malformed())?;
    let due = match due.strip_prefix('1') {
        Some(due) => Timestamp::from_microseconds(from_signed(due)?).map(Some),
        None => Some(None),
    };
    Ok(Document {
        key: key.to_owned(),
        group: unescaped(&group),
        position: from_signed(&position)?,
        due: due.ok_or_else(malformed)?,
        version: version.parse().map_err(|_| malformed())?,
        body: serde_json::from_str(&body).map_err(|_| malformed())?,
    })
}
