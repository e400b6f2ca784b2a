//! Applies migrations: the runtime's own first, then the service's.

use platform_ports::engine::history::{self, Applied, hash_of, mark};
use platform_ports::engine::{Documents, Migration, OpenError};
use redis::RedisError;
use uuid::Uuid;

use super::codec::signed;
use super::connect::{self, Connection};
use super::documents;
use super::error::{lacks_function, passes};
use super::indexes;

/// The keys of the runtime.
pub(super) const RUNTIME: &[Migration] = &[
    Migration {
        name: "runtime/0001",
        text: include_str!("migrations/0001_runtime.lua"),
    },
    Migration {
        name: "runtime/0002",
        text: include_str!("migrations/0002_indexes.lua"),
    },
];

/// A migration as a library of one function, which applies it once and says so in the same instant.
const LIBRARY: &str = include_str!("lua/migration.lua");

/// How often a step is loaded anew when another node than the one that had it is to run it.
const ATTEMPTS: u32 = 5;

/// Brings the place in the server that `url` names up to date; the names of the migrations that were
/// applied. Any number of instances may do so at once.
///
/// # Errors
/// When the server does not answer, would not keep what was answered or cannot be used, when what is
/// there is newer than the program, or when a migration fails.
pub async fn migrate(url: &str, migrations: &[Migration]) -> Result<Vec<String>, OpenError> {
    let connection = connect::connect(url).await?;
    history::check(
        &applied(&connection).await?,
        RUNTIME.iter().chain(migrations),
    )?;
    let mut names = Vec::new();
    for migration in RUNTIME.iter().chain(migrations) {
        // What one declares is there, and what it leaves out is gone, before the next says otherwise.
        indexes::settle(&connection).await?;
        if apply(&connection, migration).await? {
            names.push(migration.name.to_owned());
        }
    }
    indexes::settle(&connection).await?;
    Ok(names)
}

/// Refuses a place that lacks a migration.
pub(super) async fn check_complete(
    connection: &Connection,
    migrations: &[Migration],
) -> Result<(), OpenError> {
    let applied = applied(connection).await?;
    history::check_complete(&applied, RUNTIME.iter().chain(migrations))
}

/// The key of what a place has had.
pub(super) fn applied_key(connection: &Connection) -> String {
    format!("{}migrations", connection.address().base)
}

pub(super) async fn applied(connection: &Connection) -> Result<Applied, OpenError> {
    let mut command = redis::cmd("HGETALL");
    command.arg(applied_key(connection));
    let answer = connection.query(&command).await;
    answer.map_err(|error| connection.address().refused(&error))
}

/// Applies one migration, unless it was; whether it did.
async fn apply(connection: &Connection, migration: &Migration) -> Result<bool, OpenError> {
    let failed = |error: RedisError| {
        if passes(&error) {
            return connection.address().refused(&error);
        }
        OpenError::Failed {
            name: migration.name.to_owned(),
            why: error.to_string(),
        }
    };
    let library = format!("microdb_migration_{}", Uuid::now_v7().simple());
    let text = LIBRARY
        .replace("LIBRARY", &library)
        .replace("-- MIGRATION", migration.text);
    let mut load = redis::cmd("FUNCTION");
    load.arg("LOAD").arg("REPLACE").arg(text);
    let mut call = redis::cmd("FCALL");
    call.arg(&library)
        .arg(1)
        .arg(&connection.address().base)
        .arg(migration.name)
        .arg(hash_of(migration));
    if migration.name == RUNTIME[0].name {
        let mark = mark();
        call.arg(documents::of(Documents::Projections))
            .arg(&mark.key)
            .arg(signed(mark.position))
            .arg(mark.body.to_string());
    }
    let mut attempts = 0;
    let applied: Result<u64, RedisError> = loop {
        connection.query::<()>(&load).await.map_err(failed)?;
        attempts += 1;
        match connection.query(&call).await {
            Err(error) if lacks_function(&error) && attempts < ATTEMPTS => {}
            answer => break answer,
        }
    };
    let mut delete = redis::cmd("FUNCTION");
    delete.arg("DELETE").arg(&library);
    if let Err(error) = connection.query::<()>(&delete).await {
        tracing::warn!(%error, library, "the library of a migration stays behind");
    }
    Ok(applied.map_err(failed)? == 1)
}
