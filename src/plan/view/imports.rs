//! What the user's files import.

use serde::Serialize;

use super::Name;
use crate::plan::uses::Uses;

/// What a seeded file imports of what differs between systems, by where it is from.
#[derive(Debug, Serialize)]
pub struct Imports {
    /// From the context's contract.
    contract: Vec<Name>,
    /// From what all contracts share.
    shared: Vec<Name>,
    /// From the generated part of the service.
    generated: Vec<Name>,
    /// From the runtime's values.
    value: Vec<Name>,
    /// From the helpers of tests.
    testing: Vec<Name>,
}

impl From<&Uses> for Imports {
    fn from(uses: &Uses) -> Self {
        let from = |path| uses.names_of(path).cloned().map(Name).collect();
        Self {
            contract: from("contract"),
            shared: from("shared"),
            generated: from("crate::generated"),
            value: from("platform_contract::value"),
            testing: from("platform_testing"),
        }
    }
}
