//! Applies migrations: the runtime's own first, then the service's.

use std::collections::BTreeMap;

use redis::RedisError;
use uuid::Uuid;

use super::address::Address;
use super::durable;
use super::error::{lacks_function, passes};
use super::link::Link;
use crate::engine::{Migration, OpenError};

/// The keys of the runtime.
const RUNTIME: &[Migration] = &[Migration {
    name: "runtime/0001",
    text: include_str!("migrations/0001_runtime.lua"),
}];

/// A migration as a library of one function, which applies it once and says so in the same instant.
const STEP: &str = include_str!("lua/migration.lua");

/// How often a step is loaded anew when another node than the one that had it is to run it.
const ATTEMPTS: u32 = 5;

/// Brings the place in the server that `url` names up to date; the names of the migrations that were
/// applied. Any number of instances may do so at once.
///
/// # Errors
/// When the server does not answer, would not keep what was answered or cannot be used, when what is
/// there is newer than the program, or when a migration fails.
pub async fn migrate(url: &str, migrations: &[Migration]) -> Result<Vec<String>, OpenError> {
    let (_, link) = connect(url).await?;
    check(&applied(&link).await?, migrations)?;
    link.load_library().await.map_err(unusable)?;
    let mut names = Vec::new();
    for migration in RUNTIME.iter().chain(migrations) {
        if apply(&link, migration).await? {
            names.push(migration.name.to_owned());
        }
    }
    Ok(names)
}

/// Connects to a server that keeps what it answers.
pub(super) async fn connect(url: &str) -> Result<(Address, Link), OpenError> {
    let address = Address::read(url)?;
    let link = Link::open(&address).await.map_err(|error| {
        if passes(&error) && error.kind() != redis::ErrorKind::AuthenticationFailed {
            address.unreachable(&error)
        } else {
            unusable(error)
        }
    })?;
    if address.relaxed {
        tracing::warn!("the server may lose what it has answered: `durability=relaxed`");
    } else {
        durable::check(&link).await?;
    }
    Ok((address, link))
}

/// Refuses a place that lacks a migration.
pub(super) async fn check_complete(link: &Link, migrations: &[Migration]) -> Result<(), OpenError> {
    let applied = applied(link).await?;
    check(&applied, migrations)?;
    let mut all = RUNTIME.iter().chain(migrations);
    match all.find(|migration| !applied.contains_key(migration.name)) {
        Some(migration) => Err(OpenError::Pending(migration.name.to_owned())),
        None => Ok(()),
    }
}

/// Refuses what is newer, and migrations that were edited.
fn check(applied: &BTreeMap<String, String>, migrations: &[Migration]) -> Result<(), OpenError> {
    for (name, hash) in applied {
        let mut all = RUNTIME.iter().chain(migrations);
        match all.find(|migration| migration.name == name) {
            None => return Err(OpenError::Newer(name.clone())),
            Some(migration) if hash_of(migration) != *hash => {
                return Err(OpenError::Edited(name.clone()));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

async fn applied(link: &Link) -> Result<BTreeMap<String, String>, OpenError> {
    let mut command = redis::cmd("HGETALL");
    command.arg(format!("{}migrations", link.base()));
    link.query(&command).await.map_err(unusable)
}

/// Applies one migration, unless it was; whether it did.
async fn apply(link: &Link, migration: &Migration) -> Result<bool, OpenError> {
    let failed = |error: RedisError| OpenError::Failed {
        name: migration.name.to_owned(),
        why: error.to_string(),
    };
    let library = format!("microdb_migration_{}", Uuid::now_v7().simple());
    let text = STEP
        .replace("LIBRARY", &library)
        .replace("-- MIGRATION", migration.text);
    let mut load = redis::cmd("FUNCTION");
    load.arg("LOAD").arg("REPLACE").arg(text);
    let mut call = redis::cmd("FCALL");
    call.arg(&library)
        .arg(1)
        .arg(link.base())
        .arg(migration.name)
        .arg(hash_of(migration));
    let mut attempts = 0;
    let applied: Result<u64, RedisError> = loop {
        link.everywhere(&load).await.map_err(failed)?;
        attempts += 1;
        match link.query(&call).await {
            Err(error) if lacks_function(&error) && attempts < ATTEMPTS => {}
            answer => break answer,
        }
    };
    let mut delete = redis::cmd("FUNCTION");
    delete.arg("DELETE").arg(&library);
    if let Err(error) = link.everywhere(&delete).await {
        tracing::warn!(%error, library, "the library of a migration stays behind");
    }
    Ok(applied.map_err(failed)? == 1)
}

/// Tells texts apart; line endings, which git may change, do not count.
fn hash_of(migration: &Migration) -> String {
    let text = migration.text.replace("\r\n", "\n");
    Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes()).to_string()
}

fn unusable(error: RedisError) -> OpenError {
    OpenError::Unusable(error.to_string())
}
