//! What is to be rendered: path, template, view and class of every file.
//!
//! Its folders are those of a workspace: `workspace` makes the files of its root, of `dev` and of `platform`,
//! `contracts`, `services` and `docs` those of the folders of these names. The others are what they share:
//! `rust` writes names, types and values, `sample` makes example values, `prose` says what descriptions leave
//! unsaid, `view` is what templates are filled in with.

mod contracts;
mod docs;
mod file;
mod prose;
mod rust;
mod sample;
pub mod services;
mod view;
mod workspace;

pub use file::{Class, File};
pub use rust::names;
pub use workspace::crates;

use crate::model::System;

/// Every file of a system's workspace, but those of the runtime, which do not depend on it.
pub fn plan(system: &System) -> Vec<File> {
    let mut files = workspace::files(system);
    files.extend(contracts::files(system));
    files.extend(services::files(system));
    files.extend(docs::files(system));
    files
}

/// Where files of the user's were and where they belong, of what is called something else now.
pub fn moved(system: &System) -> Vec<(String, String)> {
    services::moved(system)
}

/// The package of a context's service: `fintech-loan`.
pub fn service_package(system: &System, context: &str) -> String {
    format!("{}-{context}", system.name)
}

/// The package of a context's contract: `fintech-loan-contract`.
pub fn contract_package(system: &System, context: &str) -> String {
    format!("{}-{context}-contract", system.name)
}
