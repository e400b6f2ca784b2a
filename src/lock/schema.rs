//! A context's schema as operations, independent of its engine: `add order.lines.sku text`.

use std::collections::BTreeSet;

use super::shapes::{entries, kind};
use crate::model::{Context, System};

/// The migration that makes the first schema.
const FIRST: &str = "0001_initial";

/// What the migrations of a context do, each with the migration that does it.
pub(super) fn ops(system: &System, context: &Context) -> BTreeSet<(String, String)> {
    let members = of(system, context).into_iter();
    members
        .map(|member| (FIRST.to_owned(), format!("add {member}")))
        .collect()
}

/// The members of a context's schema, sorted: `order.lines.sku text`; none of one that is owned elsewhere.
pub fn of(system: &System, context: &Context) -> Vec<String> {
    let mut all = BTreeSet::new();
    if context.external {
        return Vec::new();
    }
    let mut add = |what: String| {
        all.insert(what);
    };
    for aggregate in context.aggregates.values() {
        let name = &aggregate.name;
        for field in aggregate.fields.values() {
            entries(system, &format!("{name}.{}", field.name), field).for_each(&mut add);
        }
        if !aggregate.states.is_empty() {
            let states: Vec<&str> = aggregate
                .states
                .iter()
                .map(|state| state.name.as_str())
                .collect();
            add(format!("{name}.status {}", states.join("|")));
        }
        for entity in aggregate.entities.values() {
            add(format!("{name}.{} {}[]", entity.collection, entity.name));
            for field in entity.fields.values() {
                let path = format!("{name}.{}.{}", entity.collection, field.name);
                entries(system, &path, field).for_each(&mut add);
            }
        }
        for unique in &aggregate.unique {
            let fields: Vec<&str> = unique.iter().map(|field| field.as_str()).collect();
            add(format!("{name} unique({})", fields.join(",")));
        }
    }
    for query in context.queries.values() {
        add(format!("{} index({})", query.aggregate, query.name));
    }
    for replica in context.replicas.values() {
        let source = system.context(&replica.context);
        let source = source.and_then(|source| source.aggregates.get(&replica.aggregate));
        for copied in &replica.fields {
            let field = source.and_then(|source| source.fields.get(&copied.name));
            let of = field.map_or_else(|| "text".to_owned(), |field| kind(system, field));
            add(format!("{}.{} {of}", replica.name, copied.name));
        }
    }
    all.into_iter().collect()
}
