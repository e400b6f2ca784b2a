//! A context's schema as operations, independent of its engine: `add order.lines.sku text`.

use std::collections::BTreeSet;

use super::shapes::{entries, kind};
use crate::model::{Context, System};

/// The migration that makes the first schema.
const FIRST: &str = "0001_initial";

/// What the migrations of a context do, each with the migration that does it.
pub(super) fn ops(system: &System, context: &Context) -> BTreeSet<(String, String)> {
    let mut ops = BTreeSet::new();
    let mut add = |what: String| {
        ops.insert((FIRST.to_owned(), format!("add {what}")));
    };
    if context.external {
        return ops;
    }
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
    ops
}
