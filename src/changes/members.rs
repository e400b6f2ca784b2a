//! What the types that users' code names are made of.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToUpperCamelCase;

use crate::lock::kind_of;
use crate::model::{Context, Field, InputSource, System, Type};

/// A type, as users' code sees it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Members {
    /// The members, with their kinds.
    pub(super) members: BTreeMap<String, String>,
    /// The variants.
    pub(super) variants: BTreeSet<String>,
}

/// The types of a context by their names in Rust.
pub(super) fn of(system: &System, context: &Context) -> BTreeMap<String, Members> {
    let mut types = BTreeMap::new();
    let mut add = |name: String, members: Members| drop(types.insert(name, members));
    let fields = |fields: &mut dyn Iterator<Item = &Field>| Members {
        members: fields
            .map(|it| (it.name.to_string(), kind(system, it)))
            .collect(),
        variants: BTreeSet::new(),
    };
    for aggregate in context.aggregates.values() {
        let name = aggregate.name.to_string();
        let members = || {
            let mut members = fields(&mut aggregate.fields.values());
            let entities = aggregate.entities.values();
            members
                .members
                .extend(entities.map(|it| (it.collection.to_string(), it.name.to_string())));
            members
        };
        add(format!("New{name}"), members());
        add(name.clone(), members());
        let states = aggregate
            .states
            .iter()
            .map(|state| state.name.to_upper_camel_case());
        add(
            format!("{name}Status"),
            Members {
                variants: states.collect(),
                ..Members::default()
            },
        );
        for entity in aggregate.entities.values() {
            add(entity.name.to_string(), fields(&mut entity.fields.values()));
        }
    }
    for value in context.values.values() {
        add(value.name.to_string(), fields(&mut value.fields.values()));
    }
    for it in context.enums.values() {
        let variants = it.values.iter().map(|value| value.to_upper_camel_case());
        add(
            it.name.to_string(),
            Members {
                variants: variants.collect(),
                ..Members::default()
            },
        );
    }
    for event in context.events.values() {
        let Some(aggregate) = context.aggregates.get(&event.aggregate) else {
            continue;
        };
        let members = event.members(aggregate).map(|(name, content)| {
            let kind = content
                .field()
                .map_or_else(|| "entities".to_owned(), |it| kind(system, it));
            (name.to_string(), kind)
        });
        add(
            event.name.to_string(),
            Members {
                members: members.collect(),
                ..Members::default()
            },
        );
    }
    for command in context.commands.values() {
        let members = command.input.iter().map(|(name, input)| {
            let of = context.aggregates.get(&command.aggregate);
            let field = match &input.source {
                InputSource::Own(field) => Some(field.as_ref()),
                _ => of.and_then(|of| of.fields.get(name)),
            };
            let kind = field.map_or_else(|| "entities".to_owned(), |it| kind(system, it));
            (name.to_string(), format!("{kind} {}", input.optional))
        });
        add(
            command.name.to_string(),
            Members {
                members: members.collect(),
                ..Members::default()
            },
        );
        let refusals = command
            .refuses
            .iter()
            .map(|refusal| refusal.name.to_upper_camel_case());
        let refusals = Members {
            variants: refusals.collect(),
            ..Members::default()
        };
        add(format!("{}Refusal", command.name), refusals);
    }
    for replica in context.replicas.values() {
        let members = replica
            .fields
            .iter()
            .map(|it| (it.name.to_string(), String::new()));
        add(
            replica.name.to_string(),
            Members {
                members: members.collect(),
                ..Members::default()
            },
        );
    }
    types
}

/// The kind of a member; an enum is what it is called, whatever its values are.
fn kind(system: &System, field: &Field) -> String {
    match &field.ty {
        Type::Enum(path) => format!("{} {} {}", path.name, field.list, field.optional),
        _ => kind_of(system, field),
    }
}
