//! The files of the workspace as a whole.

use serde_json::{Value, json};

use crate::model::System;

use super::files::{Class, File};
use super::{contract_package, types};

pub(super) fn files(system: &System) -> Vec<File> {
    let contexts: Vec<Value> = system
        .contexts
        .keys()
        .map(|name| {
            json!({
                "name": name,
                "contract_crate": types::contract_crate(name.as_str()),
                "contract_package": contract_package(system, name.as_str()),
            })
        })
        .collect();
    let view = json!({ "system": system.name, "contexts": contexts });
    vec![
        File::new(Class::Keyed, "Cargo.toml", &[], view.clone()),
        File::new(Class::Keyed, "platform/Cargo.toml", &[], view),
    ]
}
