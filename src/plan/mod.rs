//! What is to be rendered: path, template, view and class of every file.

mod comments;
pub mod contract;
mod docs;
pub mod expr;
mod files;
mod indexes;
pub mod members;
mod migrations;
mod mongodb;
pub mod names;
pub mod openapi;
mod platform;
mod redis;
pub mod sample;
mod servers;
pub mod service;
mod services;
pub mod spoken;
pub mod sql;
mod system;
pub mod types;
pub mod uses;
pub mod value;
pub mod view;

pub use files::{Class, File};
pub use platform::crates;

use crate::model::{Context, Database, System};

/// How many partitions every topic gets; fixed for the life of a system.
pub const PARTITIONS: u32 = 8;

/// The port of the first service; the others follow.
pub const FIRST_PORT: u16 = 8101;

/// Every file of a system's workspace, but those of the runtime, which do not depend on it.
pub fn plan(system: &System) -> Vec<File> {
    let mut files = system::files(system);
    files.extend(contract::files(system));
    files.extend(services::files(system));
    files.extend(docs::files(system));
    files
}

/// The file of the first migration, in the language of the database.
fn migration(database: Database) -> &'static str {
    match database {
        Database::Sqlite | Database::Postgres => "0001_initial.sql",
        Database::Mongodb => "0001_initial.json",
        Database::Redis => "0001_initial.lua",
    }
}

/// The port a service listens on unless it is told otherwise; `None` for an external context.
pub fn port(system: &System, context: &Context) -> Option<u16> {
    let mut services = system.services().zip(FIRST_PORT..=u16::MAX);
    services.find_map(|(other, port)| (other.name == context.name).then_some(port))
}

/// The package of a context's service: `fintech-loan`.
pub fn service_package(system: &System, context: &str) -> String {
    format!("{}-{context}", system.name)
}

/// The package of a context's contract: `fintech-loan-contract`.
pub fn contract_package(system: &System, context: &str) -> String {
    format!("{}-{context}-contract", system.name)
}
