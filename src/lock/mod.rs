//! The locks: what the tool remembers of a workspace, so that a later run can tell what changed.
//!
//! `microdb.lock` holds what is the system's, `contracts/<context>/microdb.lock` what a context has
//! promised, `.microdb/files.lock` what was written where. A fact a line, sorted, each independent of the others:
//! branches that add different things merge without a conflict (`merge=union`).

mod context;
mod error;
mod facts;
mod files;
mod given;
mod line;
mod root;
mod schema;
mod shapes;

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::model::System;

pub use context::{ContextLock, Shape};
pub use error::{LockError, Problem};
pub use facts::facts;
pub use files::{Entry, FilesLock};
pub use root::{Root, version};
pub use schema::of as schema_of;
pub use shapes::{kind as kind_of, members as members_of_event};

/// The name of the root's lock.
pub const PATH: &str = "microdb.lock";

const HEADER: &str = "# Written by `cargo microdb`. Commit it, never edit it.";

/// What is remembered of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locks {
    /// The system's.
    pub root: Root,
    /// Each context's, by name.
    pub contexts: BTreeMap<String, ContextLock>,
    /// Of files.
    pub files: FilesLock,
}

impl Locks {
    /// The locks of a system; `migrations` are the hashes of the migrations of each context, by name.
    pub fn of(
        system: &System,
        files: FilesLock,
        migrations: &BTreeMap<String, BTreeMap<String, String>>,
    ) -> Self {
        let given = &system.given;
        let ports = given.ports.iter();
        let contexts = system.contexts.values().map(|context| {
            let name = context.name.as_str();
            let handlers = given
                .handlers
                .iter()
                .filter(|it| it.0.context == context.name);
            let lock = ContextLock {
                handlers: handlers
                    .map(|(handler, id)| {
                        (
                            format!("{}.{}", handler.kind.as_str(), handler.name),
                            id.clone(),
                        )
                    })
                    .collect(),
                events: shapes::of(system, context),
                steps: migrations.get(name).cloned().unwrap_or_default(),
                ops: schema::ops(system, context),
            };
            (name.to_owned(), lock)
        });
        Self {
            contexts: contexts.collect(),
            root: Root {
                tool: env!("CARGO_PKG_VERSION").to_owned(),
                partitions: given.partitions,
                ports: ports
                    .map(|(context, port)| (context.to_string(), *port))
                    .collect(),
            },
            files,
        }
    }

    /// The text of each lock, by its path in the workspace.
    pub fn render(&self) -> BTreeMap<String, String> {
        let contexts = self.contexts.iter();
        let mut texts: BTreeMap<String, String> = contexts
            .map(|(name, lock)| (ContextLock::path(name), lock.render()))
            .collect();
        texts.insert(PATH.to_owned(), self.root.render());
        texts.insert(FilesLock::PATH.to_owned(), self.files.render());
        texts
    }
}

/// Sorted lines under a header.
fn written(header: &str, lines: impl Iterator<Item = String>) -> String {
    let mut lines: Vec<String> = lines.collect();
    lines.sort();
    lines.insert(0, header.to_owned());
    lines.push(String::new());
    lines.join("\n")
}

/// The SHA-256 (FIPS 180-4) of some bytes, in hexadecimal digits.
pub fn hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
