//! What a file of the user's imports: collected while its types are written. Generated files import nothing.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde::Serialize;

/// Where a name is imported from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Module {
    /// The context's contract.
    Contract,
    /// What all contracts share.
    Shared,
    /// The generated part of the service.
    Generated,
    /// The runtime's values.
    Value,
    /// What decisions of all services need.
    Prelude,
    /// The helpers of tests.
    Testing,
}

impl Module {
    /// A name with its path, for a file that imports nothing.
    pub fn path(self, name: &str) -> String {
        let module = match self {
            Self::Contract => "contract",
            Self::Shared => "shared",
            Self::Generated => "crate::generated",
            Self::Value => "platform_contract::value",
            Self::Prelude => "platform_runtime::prelude",
            Self::Testing => "platform_testing",
        };
        format!("{module}::{name}")
    }
}

/// The names that a file imports, of what differs between systems.
#[derive(Debug, Default, Clone, Serialize)]
#[serde(transparent)]
pub struct Imports {
    names: RefCell<BTreeMap<Module, Vec<String>>>,
}

impl Imports {
    /// Imports a name, and gives back how it is written then.
    pub fn take(&self, from: Module, name: &str) -> String {
        let mut all = self.names.borrow_mut();
        let names = all.entry(from).or_default();
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
        name.to_owned()
    }

    /// Whether `other` imports some of it, too.
    pub fn shares(&self, other: &Self) -> bool {
        let (own, others) = (self.names.borrow(), other.names.borrow());
        own.iter().any(|(from, names)| {
            let known = others.get(from);
            known.is_some_and(|known| names.iter().any(|name| known.contains(name)))
        })
    }

    /// The same without what `other` imports too: for a module that takes all of its parent.
    #[must_use]
    pub fn without(self, other: &Self) -> Self {
        let mut names = self.names.into_inner();
        let others = other.names.borrow();
        for (from, names) in &mut names {
            let known = others.get(from);
            names.retain(|name| !known.is_some_and(|known| known.contains(name)));
        }
        names.retain(|_, names| !names.is_empty());
        Self {
            names: RefCell::new(names),
        }
    }
}
