//! The context map: as a diagram of Mermaid, and in words.

use serde_json::{Value, json};

use crate::model::{Context, System};
use crate::plan::port;

use super::markdown::{cell, codes, label};
use super::relations::{Relation, relations};

/// The diagram: a box for each context, a solid arrow for events that set something off, a dashed
/// one for replicas.
pub(super) fn diagram(system: &System) -> String {
    let mut lines = vec!["flowchart LR".to_owned()];
    lines.extend(system.contexts.values().map(node));
    for relation in relations(system) {
        let (from, to) = (id(relation.from), id(relation.to));
        if !relation.events.is_empty() {
            let events: Vec<&str> = relation.events.iter().copied().collect();
            lines.push(format!(
                "    {from} -- \"{}\" --> {to}",
                events.join("<br>")
            ));
        }
        if !relation.replicas.is_empty() {
            let replicas: Vec<&str> = relation.replicas.iter().copied().collect();
            lines.push(format!(
                "    {from} -. \"{}\" .-> {to}",
                replicas.join("<br>")
            ));
        }
    }
    lines.join("\n")
}

/// The name of a box: no word of Mermaid's own.
fn id(context: &Context) -> String {
    format!("c_{}", context.name.as_str().replace('-', "_"))
}

fn node(context: &Context) -> String {
    let mut text = format!("<b>{}</b>", context.name);
    if let Some(purpose) = &context.purpose {
        text.push_str(&format!("<br>{}", label(purpose)));
    }
    let (open, close) = if context.external {
        ("([", "])")
    } else {
        ("[", "]")
    };
    format!("    {}{open}\"{text}\"{close}", id(context))
}

/// Each context with what it is there for, who answers for it and where it listens.
pub(super) fn contexts(system: &System) -> Vec<Value> {
    let one = |context: &Context| {
        json!({
            "name": context.name,
            "external": context.external,
            "purpose": cell(context.purpose.as_deref().unwrap_or_default()),
            "owner": context.owner.as_deref().map(cell),
            "port": port(system, context),
            "aggregates": codes(context.aggregates.keys().map(|name| name.as_str())),
        })
    };
    system.contexts.values().map(one).collect()
}

/// Each relation in words.
pub(super) fn arrows(system: &System) -> Vec<Value> {
    let relations = relations(system);
    let one = |relation: &Relation<'_>| {
        let replicas: Vec<String> = relation
            .to
            .replicas
            .values()
            .filter(|replica| replica.context == relation.from.name)
            .map(|replica| {
                let fields = replica.fields.iter().map(|field| field.name.as_str());
                format!(
                    "`{}`: {} of `{}`; stale after {}",
                    replica.name,
                    codes(fields).unwrap_or_else(|| "the ids".to_owned()),
                    replica.aggregate,
                    span(replica.stale_after_ms)
                )
            })
            .collect();
        json!({
            "from": relation.from.name,
            "to": relation.to.name,
            "events": codes(&relation.events),
            "replicas": replicas,
        })
    };
    relations.iter().map(one).collect()
}

/// A span of time as the description spells it.
pub(super) fn span(ms: u64) -> String {
    let units = [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "m"),
        (1_000, "s"),
    ];
    let whole = units
        .iter()
        .find(|(unit, _)| ms > 0 && ms.is_multiple_of(*unit));
    whole.map_or_else(
        || format!("{ms}ms"),
        |(unit, name)| format!("{}{name}", ms / unit),
    )
}
