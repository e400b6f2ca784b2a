//! The files of the contracts, and of what they share.

use serde_json::{Value, json};

use crate::model::{Aggregate, Context, EnumType, System, TypeName, ValueType};

use super::contract::Contract;
use super::files::{Class, File};
use super::layout;
use super::spoken::article;
use super::types::Place;
use super::{contract_package, fixtures, names};

pub(super) fn files(system: &System) -> Vec<File> {
    let mut files = shared(system);
    for context in system.contexts.values() {
        files.extend(contract(system, context));
    }
    files
}

fn managed(template: &str, names: &[(&str, &str)], view: Value) -> File {
    File::new(Class::Managed, template, names, view)
}

fn shared(system: &System) -> Vec<File> {
    let kernel = !(system.enums.is_empty() && system.values.is_empty());
    let view = json!({ "system": system.name, "kernel": kernel });
    let contexts: Vec<Value> = system
        .contexts
        .values()
        .filter(|context| !context.aggregates.is_empty())
        .map(ids)
        .collect();
    let ids = json!({ "contexts": contexts });
    let mut files = vec![
        File::new(
            Class::Keyed,
            "contracts/shared/Cargo.toml",
            &[],
            view.clone(),
        ),
        managed("contracts/shared/src/lib.rs", &[], view),
        managed("contracts/shared/src/ids.rs", &[], ids),
    ];
    if kernel {
        let contract = Contract {
            system,
            context: "",
            place: Place::Shared,
        };
        files.extend(values(
            &contract,
            "contracts/shared/src",
            &[],
            system.enums.values(),
            system.values.values(),
            &[],
        ));
    }
    files
}

/// The two files that declare value types: in Rust, and as the schema's constants.
fn values<'a>(
    contract: &Contract<'_>,
    folder: &str,
    names: &[(&str, &str)],
    enums: impl Iterator<Item = &'a EnumType> + Clone,
    values: impl Iterator<Item = &'a ValueType> + Clone,
    aggregates: &[&'a Aggregate],
) -> Vec<File> {
    let aggregates = aggregates.iter().copied();
    let declared = contract.values_file(enums.clone(), values.clone(), aggregates.clone());
    let kinds = contract.kinds(enums, values, aggregates);
    let mut view = json!(declared);
    view["title"] = json!("Values, and enums of them.");
    let mut schema = json!(kinds);
    schema["title"] = json!("How values are stored and validated, as the runtime reads it.");
    let template = |name: &str| format!("contracts/__context__/src/{name}");
    let file = |name: &str, view: Value| File {
        path: names
            .iter()
            .fold(format!("{folder}/{name}"), |path, (placeholder, name)| {
                path.replace(&format!("__{placeholder}__"), name)
            }),
        class: Class::Managed,
        template: template(&format!("{name}.tera")),
        view,
    };
    vec![file("values.rs", view), file("schema.rs", schema)]
}

fn ids(context: &Context) -> Value {
    let one = |name: &TypeName| {
        json!({
            "doc": format!("    /// The id of {} `{name}`.\n", article(name.as_str())),
            "ident": format!("{name}Id"),
            "kind": names::type_ident(name.as_str()),
        })
    };
    let mut ids = Vec::new();
    for aggregate in context.aggregates.values() {
        ids.push(one(&aggregate.name));
        ids.extend(aggregate.entities.keys().map(one));
    }
    json!({
        "name": context.name,
        "module": names::module_ident(context.name.as_str()),
        "ids": ids,
    })
}

fn contract(system: &System, context: &Context) -> Vec<File> {
    let name = context.name.as_str();
    let package = contract_package(system, name);
    let placeholders = [("context", name)];
    let contract = Contract {
        system,
        context: name,
        place: Place::Contract,
    };
    let mut modules = Vec::new();
    let mut sources = Vec::new();
    let mut source = |module: &str, view: Value| {
        if view["items"]
            .as_array()
            .is_some_and(|items| !items.is_empty())
        {
            let template = format!("contracts/__context__/src/{module}.rs");
            sources.push(managed(&template, &placeholders, view));
            modules.push(module.to_owned());
        }
    };
    source("aggregates", json!(contract.aggregates(context)));
    source("commands", json!(contract.commands(context)));
    source("events", json!(contract.events(context)));
    let fixtures = fixtures::files(system, context);
    if !fixtures.is_empty() {
        modules.push("fixtures".to_owned());
    }
    let aggregates: Vec<&Aggregate> = context.aggregates.values().collect();
    let declared = values(
        &contract,
        "contracts/__context__/src",
        &placeholders,
        context.enums.values(),
        context.values.values(),
        &aggregates,
    );
    let has_values = declared.iter().any(|file| {
        file.view["items"]
            .as_array()
            .is_some_and(|items| !items.is_empty())
    });
    if has_values {
        sources.extend(declared);
        modules.extend(["schema".to_owned(), "values".to_owned()]);
    }
    let mut exports: Vec<String> = modules
        .iter()
        .filter(|module| !["fixtures", "schema"].contains(&module.as_str()))
        .map(|module| format!("pub use {module}::*;"))
        .collect();
    if !context.aggregates.is_empty() {
        let module = names::module_ident(name);
        exports.push(format!("pub use shared::ids::{module}::*;"));
    }
    exports.sort();
    let declarations: Vec<String> = modules
        .iter()
        .map(|module| match module.as_str() {
            "fixtures" => "#[cfg(test)]\nmod fixtures;".to_owned(),
            "schema" => "pub mod schema;".to_owned(),
            module => format!("mod {module};"),
        })
        .collect();
    let mut files = vec![
        File::new(
            Class::Keyed,
            "contracts/__context__/Cargo.toml",
            &placeholders,
            json!({
                "context": name,
                "crate_name": package.replace('-', "_"),
                "package": package,
            }),
        ),
        managed(
            "contracts/__context__/src/lib.rs",
            &placeholders,
            json!({
                "context": name,
                "purpose": purpose(context),
                "modules": declarations,
                "exports": exports,
            }),
        ),
    ];
    files.extend(sources);
    files.extend(fixtures);
    files
}

/// What a context is there for, as the second paragraph of a crate's doc.
pub(super) fn purpose(context: &Context) -> String {
    match &context.purpose {
        None => String::new(),
        Some(purpose) => {
            let lines: String = layout::comment("//!", purpose);
            format!("//!\n{lines}")
        }
    }
}
