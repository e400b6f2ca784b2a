//! What is given once and stays: ports, and the ids under which handlers keep how far they are.
//!
//! A description does not say them. They are given when a system is started, kept in its locks, and
//! from then on taken from there: adding a context moves no port, and a handler that is called
//! something else goes on where it was.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToSnakeCase;

use super::{Context, ContextName, System, TypeName};

/// How many partitions every topic gets; fixed for the life of a system.
pub const PARTITIONS: u32 = 8;

/// The port of the first service; the others follow.
pub const FIRST_PORT: u16 = 8101;

/// The kinds of handlers of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HandlerKind {
    /// It copies what another context owns.
    Replica,
    /// It acts in its own context.
    Policy,
    /// It acts in the outside world.
    Effect,
}

impl HandlerKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Replica, Self::Policy, Self::Effect];

    /// As ids of handlers begin.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Replica => "replica",
            Self::Policy => "policy",
            Self::Effect => "effect",
        }
    }
}

/// Which handler is meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Handler {
    /// Its context.
    pub context: ContextName,
    /// Its kind.
    pub kind: HandlerKind,
    /// Its name in the description.
    pub name: TypeName,
}

/// What was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The number of partitions of every topic.
    pub partitions: u32,
    /// The port of each service.
    pub ports: BTreeMap<ContextName, u16>,
    /// The id of each handler.
    pub handlers: BTreeMap<Handler, String>,
    /// The files of the migrations that users wrote, by context, in the order in which they are applied.
    pub migrations: BTreeMap<ContextName, Vec<String>>,
}

impl Default for Given {
    fn default() -> Self {
        Self {
            partitions: PARTITIONS,
            ports: BTreeMap::new(),
            handlers: BTreeMap::new(),
            migrations: BTreeMap::new(),
        }
    }
}

impl System {
    /// Takes what was given before, and gives the rest: what is gone is forgotten.
    pub fn give(&mut self, before: &Given) {
        self.given = Given {
            partitions: before.partitions,
            ports: self.ports(before),
            handlers: self.handlers(before),
            migrations: before.migrations.clone(),
        };
    }

    /// The port a service listens on unless it is told otherwise; `None` for an external context.
    pub fn port(&self, context: &Context) -> Option<u16> {
        self.given.ports.get(&context.name).copied()
    }

    /// The id under which a handler keeps how far it is: `replica.borrower`.
    pub fn handler_id(&self, context: &Context, kind: HandlerKind, name: &TypeName) -> String {
        let handler = Handler {
            context: context.name.clone(),
            kind,
            name: name.clone(),
        };
        let given = self.given.handlers.get(&handler).cloned();
        given.unwrap_or_else(|| first_id(kind, name.as_str()))
    }

    /// Two branches may have given one port twice: the later of the two contexts moves.
    fn ports(&self, before: &Given) -> BTreeMap<ContextName, u16> {
        let mut ports = BTreeMap::new();
        let mut taken = Vec::new();
        for context in self.services() {
            if let Some(port) = before.ports.get(&context.name)
                && !taken.contains(port)
            {
                taken.push(*port);
                ports.insert(context.name.clone(), *port);
            }
        }
        for context in self.services() {
            let free = (FIRST_PORT..=u16::MAX).find(|port| !taken.contains(port));
            if let Some(port) = free
                && !ports.contains_key(&context.name)
            {
                taken.push(port);
                ports.insert(context.name.clone(), port);
            }
        }
        ports
    }

    fn handlers(&self, before: &Given) -> BTreeMap<Handler, String> {
        let mut ids = BTreeMap::new();
        for context in self.services() {
            let mut taken = BTreeSet::new();
            let mut others = Vec::new();
            for (kind, name, old) in handlers(context) {
                let handler = |name: &TypeName| Handler {
                    context: context.name.clone(),
                    kind,
                    name: name.clone(),
                };
                let old = old.and_then(TypeName::new).map(|old| handler(&old));
                let handler = handler(name);
                let given = before.handlers.get(&handler);
                match given.or_else(|| before.handlers.get(&old?)) {
                    Some(id) if taken.insert(id.clone()) => drop(ids.insert(handler, id.clone())),
                    _ => others.push(handler),
                }
            }
            for handler in others {
                let id = free_id(first_id(handler.kind, handler.name.as_str()), &taken);
                taken.insert(id.clone());
                ids.insert(handler, id);
            }
        }
        ids
    }
}

/// Every handler of a context: its kind, its name, and what it was called before.
fn handlers(context: &Context) -> impl Iterator<Item = (HandlerKind, &TypeName, Option<&str>)> {
    let replicas = context.replicas.values();
    let replicas = replicas.map(|it| (HandlerKind::Replica, &it.name, it.renamed_from.as_deref()));
    let policies = context.policies.values();
    let policies = policies.map(|it| (HandlerKind::Policy, &it.name, it.renamed_from.as_deref()));
    let effects = context.effects.values();
    let effects = effects.map(|it| (HandlerKind::Effect, &it.name, it.renamed_from.as_deref()));
    replicas.chain(policies).chain(effects)
}

fn first_id(kind: HandlerKind, name: &str) -> String {
    format!("{}.{}", kind.as_str(), name.to_snake_case())
}

/// An id that nobody has: one that was called so before and is called something else now keeps it.
fn free_id(first: String, taken: &BTreeSet<String>) -> String {
    if !taken.contains(&first) {
        return first;
    }
    let mut numbered = (2_u32..).map(|number| format!("{first}_{number}"));
    numbered.find(|id| !taken.contains(id)).unwrap_or(first)
}
