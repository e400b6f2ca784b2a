//! Databases of workspaces that were never released, which follow the description: what they were made for,
//! how they are amended, and begun anew.

use mongodb::bson::{Document, doc};
use mongodb::error::Error;
use platform_ports::engine::history::Applied;
use platform_ports::engine::{Amendment, OpenError};

use super::connect::{self, Connection, durable};
use super::fields::ID;
use super::migrate::{self, APPLIED, is_done};

/// What the database that a URL names has had.
pub(super) async fn history(url: &str) -> Result<Applied, OpenError> {
    migrate::applied(&connect::connect(url).await?).await
}

/// Amends the database that a URL names. A migration that is to be applied again is forgotten: it makes
/// what is not there, and leaves the rest as it is.
pub(super) async fn amend(url: &str, amendment: &Amendment) -> Result<(), OpenError> {
    let connection = connect::connect(url).await?;
    let amended = write(&connection, amendment).await;
    amended.map_err(|error| connection.failed(&error))
}

async fn write(connection: &Connection, amendment: &Amendment) -> Result<(), Error> {
    let again = amendment.again.map(|migration| migration.name);
    for index in &amendment.removed {
        let Some((collection, index)) = index.split_once('.') else {
            continue;
        };
        let drop = doc! { "dropIndexes": collection, "index": index, "writeConcern": durable() };
        match connection.database.run_command(drop).await {
            Err(error) if !is_done(&error) => return Err(error),
            _ => {}
        }
    }
    let applied = connection.database.collection::<Document>(APPLIED);
    for name in amendment.forgotten.iter().map(String::as_str).chain(again) {
        applied.delete_one(doc! { ID: name }).await?;
    }
    let recorded = amendment.recorded.iter();
    for (name, hash) in recorded.filter(|(name, _)| Some(name.as_str()) != again) {
        let set = doc! { "$set": { "hash": hash } };
        applied
            .update_one(doc! { ID: name }, set)
            .upsert(true)
            .await?;
    }
    Ok(())
}

/// Empties the database that a URL names. What it has had goes last: who is interrupted finds it again.
pub(super) async fn reset(url: &str) -> Result<(), OpenError> {
    let connection = connect::connect(url).await?;
    let emptied = drop_all(&connection).await;
    emptied.map_err(|error| connection.failed(&error))
}

async fn drop_all(connection: &Connection) -> Result<(), Error> {
    let database = &connection.database;
    for name in database.list_collection_names().await? {
        if name != APPLIED && !name.starts_with("system.") {
            database.collection::<Document>(&name).drop().await?;
        }
    }
    database.drop().await
}
