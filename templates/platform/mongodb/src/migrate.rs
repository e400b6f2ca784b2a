//! Applies migrations: the runtime's own first, then the service's.

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, doc};
use mongodb::error::{Error, ErrorKind};
use platform_contract::value::Timestamp;
use platform_ports::engine::history::{self, Applied, hash_of, mark};
use platform_ports::engine::{Documents, Migration, OpenError};

use super::connect::{self, Connection, durable};
use super::documents;
use super::error::{duplicate, written};
use super::fields::{ID, POSITION, REVISION};
use super::migration_lease::MigrationLease;

/// The collections of the runtime.
pub(super) const RUNTIME: &[Migration] = &[
    Migration {
        name: "runtime/0001",
        text: include_str!("migrations/0001_runtime.json"),
    },
    Migration {
        name: "runtime/0002",
        text: include_str!("migrations/0002_ids.json"),
    },
];

pub(super) const APPLIED: &str = "microdb_migrations";

/// What a migration may do: each is done in the same way however often it is begun.
const COMMANDS: [&str; 7] = [
    "collMod",
    "create",
    "createIndexes",
    "drop",
    "dropIndexes",
    SHARD,
    "update",
];

/// Divides a collection over the shards of a cluster.
const SHARD: &str = "shardCollection";

/// NamespaceNotFound, IndexNotFound, NamespaceExists: it has been done.
const DONE: [i32; 3] = [26, 27, 48];

/// Brings the database that a URL names up to date, making it when it is new; the names of the
/// migrations that were applied. Any number of instances may do so at once: they take turns.
///
/// A migration is a JSON list of MongoDB's commands `create`, `collMod`, `createIndexes`,
/// `dropIndexes`, `drop`, `update` and `shardCollection`, run in order; the last, where it is no cluster,
/// is passed over. MongoDB cannot take back what such a command
/// has done; so of a migration that failed its first commands stay, and it is begun from its start
/// the next time. A command that finds its work done (a collection or index that is there, or no
/// longer) goes by; an `update` has to be one that may be done twice.
///
/// # Errors
/// When the database cannot be used, is newer than the program, or a migration fails.
pub async fn migrate(url: &str, migrations: &[Migration]) -> Result<Vec<String>, OpenError> {
    let connection = connect::connect(url).await?;
    connection.check_durable().await?;
    let applied = applied(&connection).await?;
    let known = || RUNTIME.iter().chain(migrations);
    history::check(&applied, known())?;
    let mut names = Vec::new();
    if history::pending(&applied, known()).is_none() {
        return Ok(names);
    }
    let lease = MigrationLease::take(&connection).await?;
    let outcome = async {
        for migration in known() {
            if apply(&connection, &lease, migration).await? {
                names.push(migration.name.to_owned());
            }
        }
        Ok(())
    }
    .await;
    lease.release().await;
    outcome.map(|()| names)
}

/// Refuses a database that lacks a migration.
pub(super) async fn check_complete(
    connection: &Connection,
    migrations: &[Migration],
) -> Result<(), OpenError> {
    let applied = applied(connection).await?;
    history::check_complete(&applied, RUNTIME.iter().chain(migrations))
}

pub(super) async fn applied(connection: &Connection) -> Result<Applied, OpenError> {
    let failed = |error| connection.failed(&error);
    let collection = connection.database.collection::<Document>(APPLIED);
    let found = collection.find(doc! {}).await;
    let mut found = found.map_err(failed)?;
    let mut applied = Applied::new();
    while found.advance().await.map_err(failed)? {
        let one = found.deserialize_current().map_err(failed)?;
        let text = |name| one.get_str(name).unwrap_or_default().to_owned();
        applied.insert(text(ID), text("hash"));
    }
    Ok(applied)
}

/// Applies one migration, unless it was; whether it did.
async fn apply(
    connection: &Connection,
    lease: &MigrationLease<'_>,
    migration: &Migration,
) -> Result<bool, OpenError> {
    let failed = |why: String| OpenError::Failed {
        name: migration.name.to_owned(),
        why,
    };
    // Asked again: another instance may have been faster.
    if applied(connection).await?.contains_key(migration.name) {
        return Ok(false);
    }
    let commands = read(migration.text).map_err(failed)?;
    for command in commands {
        if !lease.renew().await? {
            let why = "another instance has taken over in the meantime";
            return Err(failed(why.to_owned()));
        }
        run(connection, command).await.map_err(failed)?;
    }
    if migration.name == RUNTIME[0].name {
        mark_as_new(connection).await?;
    }
    let now = Timestamp::now().to_string();
    let record = doc! { ID: migration.name, "hash": hash_of(migration), "applied_at": now };
    let collection = connection.database.collection::<Document>(APPLIED);
    match collection.insert_one(record).await {
        Ok(_) => Ok(true),
        Err(error) if duplicate(&error).is_some() => Ok(false),
        Err(error) => Err(connection.failed(&error)),
    }
}

/// A database that has had no migration is new. Nobody opens it before that is on record, so the mark
/// is there by then; whoever begins the migration again leaves it as it is.
async fn mark_as_new(connection: &Connection) -> Result<(), OpenError> {
    let mark = mark();
    let encoded = documents::encoded(&mark, mark.version);
    let mut stored = encoded.map_err(|error| OpenError::Unusable(error.to_string()))?;
    stored.insert(REVISION, ObjectId::new());
    stored.insert(POSITION, Timestamp::now().as_microseconds());
    let name = documents::name_of(Documents::Projections);
    let written = connection
        .database
        .collection::<Document>(name)
        .update_one(doc! { ID: &mark.key }, doc! { "$setOnInsert": stored })
        .upsert(true)
        .await;
    written
        .map(|_| ())
        .map_err(|error| connection.failed(&error))
}

/// The commands of a migration, whose members keep their order.
fn read(text: &str) -> Result<Vec<Document>, String> {
    let commands: Vec<Document> = serde_json::from_str(text)
        .map_err(|error| format!("it is no JSON list of commands: {error}"))?;
    for command in &commands {
        let name = command.keys().next().map_or("", String::as_str);
        if !COMMANDS.contains(&name) {
            return Err(format!(
                "it has the command `{name}`, which is none of {COMMANDS:?}"
            ));
        }
    }
    Ok(commands)
}

async fn run(connection: &Connection, mut command: Document) -> Result<(), String> {
    if let Some(commands) = divisions(connection.database.name(), &command) {
        if !connection.is_cluster {
            return Ok(());
        }
        let admin = connection.database.client().database("admin");
        for command in commands {
            let answer = admin.run_command(command).await;
            answer.map_err(|error| error.to_string())?;
        }
        return Ok(());
    }
    command.insert("writeConcern", durable());
    match connection.database.run_command(command).await {
        Ok(answer) => written(&answer)
            .map(|_| ())
            .map_err(|error| error.to_string()),
        Err(error) if is_done(&error) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// Whether what was asked for has been done before.
pub(super) fn is_done(error: &Error) -> bool {
    matches!(error.kind.as_ref(), ErrorKind::Command(failed) if DONE.contains(&failed.code))
}

/// The commands, of the database `admin`, that divide a collection; `None` when that is not asked for.
/// Both may be done twice.
fn divisions(database: &str, command: &Document) -> Option<[Document; 2]> {
    let collection = command.get_str(SHARD).ok()?;
    let mut divide = command.clone();
    divide.insert(SHARD, format!("{database}.{collection}"));
    Some([doc! { "enableSharding": database }, divide])
}

#[cfg(test)]
mod tests {
    use mongodb::bson::doc;

    use super::{divisions, read};

    #[test]
    fn a_collection_is_divided_under_its_full_name() {
        let text = r#"[{ "shardCollection": "loan", "key": { "borrower": 1, "_id": 1 } }]"#;
        let commands = read(text).unwrap();
        let expected = [
            doc! { "enableSharding": "fintech_loan" },
            doc! { "shardCollection": "fintech_loan.loan", "key": { "borrower": 1, "_id": 1 } },
        ];
        let sent = divisions("fintech_loan", &commands[0]).unwrap();
        let sent = sent.map(|command| command.to_string().replace("Int64(1)", "1"));
        assert_eq!(sent, expected.map(|command| command.to_string()));
    }

    #[test]
    fn other_commands_are_none_of_that() {
        assert!(divisions("d", &doc! { "create": "loan" }).is_none());
    }
}
