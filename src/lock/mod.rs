//! `microdb.lock`: what the tool remembers of a workspace, so that a later run can tell what changed.
//!
//! An entry a line, sorted, so that merges in git stay small. Entries are independent of each
//! other: two branches that add different things merge without a conflict.

mod facts;
mod read;

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::model::System;
use crate::plan::{Class, FIRST_PORT, PARTITIONS, services};
use crate::render::Rendered;

pub use facts::facts;
pub use read::LockError;

/// The name of the file.
pub const PATH: &str = "microdb.lock";

/// The version of the form of the file.
const FORMAT: &str = "1";

/// What is remembered of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// The version of the tool that wrote it.
    pub tool: String,
    /// The number of partitions of every topic.
    pub partitions: u32,
    /// The port of each service, by context.
    pub ports: BTreeMap<String, u16>,
    /// The latest published version of each event, by `<context>.<Event>`.
    pub events: BTreeMap<String, u32>,
    /// The id under which each handler keeps its gates, by `<context>.<kind>.<Name>`: given once,
    /// whatever the handler is called later.
    pub handlers: BTreeMap<String, String>,
    /// The class of each file and the hash of what the tool wrote, by path.
    pub files: BTreeMap<String, (Class, String)>,
    /// The description, by the path of each fact in TOML; the value is written as in TOML too.
    pub facts: BTreeMap<String, String>,
}

impl Lock {
    /// The lock of a workspace that is being generated.
    pub fn of(system: &System, files: &[Rendered], facts: BTreeMap<String, String>) -> Self {
        let ports = system.services().zip(FIRST_PORT..=u16::MAX);
        Self {
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            partitions: PARTITIONS,
            ports: ports
                .map(|(context, port)| (context.name.to_string(), port))
                .collect(),
            events: events(system),
            handlers: handlers(system),
            files: files
                .iter()
                .map(|file| (file.path.clone(), (file.class, hash(&file.content))))
                .collect(),
            facts,
        }
    }

    /// The text of the file.
    pub fn render(&self) -> String {
        let mut lines = vec![format!("partitions {}", self.partitions)];
        let mut add = |line: String| lines.push(line);
        for (context, port) in &self.ports {
            add(format!("port {context} {port}"));
        }
        for (event, version) in &self.events {
            add(format!("event {event} {version}"));
        }
        for (handler, id) in &self.handlers {
            add(format!("handler {handler} {id}"));
        }
        for (path, (class, hash)) in &self.files {
            add(format!("file {path} {} {hash}", class.as_str()));
        }
        for (path, value) in &self.facts {
            add(format!("fact {path} = {value}"));
        }
        lines.sort();
        format!(
            "# Written by `cargo microdb`. Commit it; never edit it.\nformat {FORMAT}\ntool {}\n{}\n",
            self.tool,
            lines.join("\n")
        )
    }

    /// The description as it was, in one file and in the order of names.
    pub fn description(&self) -> String {
        let facts = self.facts.iter();
        facts
            .map(|(path, value)| format!("{path} = {value}\n"))
            .collect()
    }
}

fn events(system: &System) -> BTreeMap<String, u32> {
    let contexts = system.contexts.values();
    contexts
        .flat_map(|context| {
            let events = context.events.values();
            events.map(|event| (format!("{}.{}", context.name, event.name), event.version))
        })
        .collect()
}

fn handlers(system: &System) -> BTreeMap<String, String> {
    let mut handlers = BTreeMap::new();
    for context in system.services() {
        let replicas = context.replicas.keys().map(|name| ("replica", name));
        let policies = context.policies.keys().map(|name| ("policy", name));
        let effects = context.effects.keys().map(|name| ("effect", name));
        for (kind, name) in replicas.chain(policies).chain(effects) {
            handlers.insert(
                format!("{}.{kind}.{name}", context.name),
                services::handler(kind, name.as_str()),
            );
        }
    }
    handlers
}

/// The SHA-256 (FIPS 180-4) of some bytes, in hexadecimal digits.
pub fn hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
