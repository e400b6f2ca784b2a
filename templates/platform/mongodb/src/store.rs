//! The database with what all operations share.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Instant;

use mongodb::bson::{Bson, Document, doc};
use mongodb::{Collection, Cursor, IndexModel};
use platform_contract::value::Timestamp;
use platform_ports::engine::{EngineError, OpenError, Options};

use super::clock::Clock;
use super::connect::{Connection, durable};
use super::error::{BulkWriteOutcome, Error, corrupt, written};
use super::fields::{INTENT, INTENT_ID, OUTBOX_ID, STANDALONE_OUTBOX};

/// The address of a document: its collection and its key. Their order is that in which they are locked.
pub(super) type Address = (String, String);

/// The index whose first member decides where in a cluster a document is.
const SHARD: &str = "microdb_shard";

/// A database.
pub(super) struct Store {
    pub(super) connection: Connection,
    pub(super) clock: Clock,
    pub(super) options: Options,
    /// The collections whose documents carry messages.
    pub(super) outboxes: Vec<String>,
    /// By the names of their indexes (`<table>_<column>`): collections and the paths in their documents.
    paths: HashMap<String, (String, String)>,
    /// By collection, the members that decide where in a cluster their documents are.
    pub(super) shards: HashMap<String, String>,
    /// How many messages were counted and written since, and when they were counted.
    pub(super) counted: Mutex<Option<(u64, Instant)>>,
}

impl Store {
    /// Looks at the collections that migrations have made.
    pub(super) async fn open(connection: Connection, options: Options) -> Result<Self, OpenError> {
        let failed = |error| connection.failed(&error);
        let mut outboxes = Vec::new();
        let mut paths = HashMap::new();
        let mut shards = HashMap::new();
        let names = connection.database.list_collection_names().await;
        for name in names.map_err(failed)? {
            let collection = connection.database.collection::<Document>(&name);
            let mut indexes = collection.list_indexes().await.map_err(failed)?;
            while indexes.advance().await.map_err(failed)? {
                let index = indexes.deserialize_current().map_err(failed)?;
                check_unique(&name, &index)?;
                let Some(path) = index.keys.keys().next() else {
                    continue;
                };
                if path == OUTBOX_ID && name != STANDALONE_OUTBOX {
                    outboxes.push(name.clone());
                }
                if let Some(index) = index.options.and_then(|options| options.name) {
                    if index == SHARD {
                        // There is no second index over what this one is over.
                        let address = (name.clone(), path.clone());
                        paths.insert(format!("{name}_{path}"), address);
                        shards.insert(name.clone(), path.clone());
                    }
                    paths.insert(index, (name.clone(), path.clone()));
                }
            }
        }
        outboxes.push(STANDALONE_OUTBOX.to_owned());
        Ok(Self {
            connection,
            clock: Clock::default(),
            options,
            outboxes,
            paths,
            shards,
            counted: Mutex::new(None),
        })
    }

    /// A collection as write sets read and write it.
    pub(super) fn collection(&self, name: &str) -> Collection<Document> {
        self.connection.database.collection(name)
    }

    /// A collection as others read it.
    pub(super) fn majority(&self, name: &str) -> Collection<Document> {
        self.connection.majority.collection(name)
    }

    /// The database's clock.
    pub(super) async fn now(&self) -> Result<Timestamp, Error> {
        let answer = self
            .connection
            .database
            .run_command(doc! { "hello": 1 })
            .await?;
        let time = answer
            .get_datetime("localTime")
            .map_err(|_| corrupt("localTime"))?;
        let micros = time.timestamp_millis().saturating_mul(1_000);
        let now = Timestamp::from_microseconds(micros).ok_or_else(|| corrupt("localTime"))?;
        self.clock.learn(now);
        Ok(now)
    }

    /// Where a column that references rows is kept.
    pub(super) fn path(&self, table: &str, column: &str) -> Result<(&str, &str), EngineError> {
        let index = format!("{table}_{column}");
        match self.paths.get(&index) {
            Some((collection, path)) => Ok((collection, path)),
            None => Err(EngineError::Corrupt(format!(
                "the migrations make no index `{index}`"
            ))),
        }
    }

    /// A command that writes several documents, durably.
    pub(super) async fn write(&self, mut command: Document) -> Result<BulkWriteOutcome, Error> {
        command.insert("ordered", true);
        command.insert("writeConcern", durable());
        let answer = self.connection.database.run_command(command).await?;
        Ok(written(&answer)?)
    }

    /// Applies what was committed and not yet applied to a collection.
    pub(super) async fn roll_forward_in(&self, collection: &str) -> Result<(), Error> {
        let held = self
            .collection(collection)
            .find(doc! { INTENT_ID: { "$exists": true } })
            .projection(doc! { INTENT_ID: 1 })
            .await?;
        let held: Vec<Bson> = all(held)
            .await?
            .iter()
            .filter_map(locking_transaction)
            .collect();
        if !held.is_empty() {
            self.roll_forward_those(doc! { "$in": held }).await?;
        }
        Ok(())
    }
}

/// Refuses a unique index over members: a transaction of several documents sets these when it has
/// happened already, and could then neither go on nor back. Those of the runtime are over fields that
/// are set before.
fn check_unique(collection: &str, index: &IndexModel) -> Result<(), OpenError> {
    let options = index.options.as_ref();
    let is_unique = options.and_then(|options| options.unique) == Some(true);
    if !is_unique || index.keys.keys().any(|path| path.starts_with('_')) {
        return Ok(());
    }
    let name = options.and_then(|options| options.name.as_deref());
    Err(OpenError::Unusable(format!(
        "the unique index `{}` of `{collection}` is one that the runtime does not look at before it \
         commits; drop it, and describe what is unique",
        name.unwrap_or_default()
    )))
}

/// The transaction that holds a document.
pub(super) fn locking_transaction(document: &Document) -> Option<Bson> {
    let intent = document.get_document(INTENT).ok()?;
    intent.get("id").cloned()
}

/// All that a cursor yields.
pub(super) async fn all(mut cursor: Cursor<Document>) -> Result<Vec<Document>, Error> {
    let mut found = Vec::new();
    while cursor.advance().await? {
        found.push(cursor.deserialize_current()?);
    }
    Ok(found)
}
