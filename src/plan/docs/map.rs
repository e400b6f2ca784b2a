//! The context map: as a diagram of Mermaid, and in words.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::model::{Context, System};

use super::markdown::{cell, label};
use super::relations::relations;

/// The diagram: the component `diagram` shows it.
#[derive(Debug, Serialize)]
pub(super) struct Diagram {
    /// A box for each context.
    boxes: Vec<Node>,
    /// Who informs whom: solid for events that set something off, dashed for replicas.
    arrows: Vec<Arrow>,
}

/// The box of a context.
#[derive(Debug, Serialize)]
struct Node {
    /// What arrows call it.
    id: String,
    name: String,
    /// What the context is there for, as a label of Mermaid.
    purpose: Option<String>,
    external: bool,
}

/// What goes from one box to another.
#[derive(Debug, Serialize)]
struct Arrow {
    from: String,
    to: String,
    events: Vec<String>,
    replicas: Vec<String>,
}

/// The diagram of a system.
pub(super) fn diagram(system: &System) -> Diagram {
    let owned = |names: &BTreeSet<&str>| names.iter().map(|name| (*name).to_owned()).collect();
    let boxes = system.contexts.values().map(|context| Node {
        id: id(context),
        name: context.name.to_string(),
        purpose: context.purpose.as_deref().map(label),
        external: context.external,
    });
    let arrows = relations(system).into_iter().map(|relation| Arrow {
        from: id(relation.from),
        to: id(relation.to),
        events: owned(&relation.events),
        replicas: owned(&relation.replicas),
    });
    Diagram {
        boxes: boxes.collect(),
        arrows: arrows.collect(),
    }
}

/// The name of a box: no word of Mermaid's own.
fn id(context: &Context) -> String {
    format!("c_{}", context.name.as_str().replace('-', "_"))
}

/// A context: what it is there for, who answers for it and where it listens, as cells of a table.
#[derive(Debug, Serialize)]
pub(super) struct ContextView {
    name: String,
    /// Whether its service is somebody else's.
    external: bool,
    purpose: String,
    owner: Option<String>,
    port: Option<u16>,
    aggregates: Vec<String>,
}

/// The contexts of a system.
pub(super) fn contexts(system: &System) -> Vec<ContextView> {
    let contexts = system.contexts.values();
    let contexts = contexts.map(|context| ContextView {
        name: context.name.to_string(),
        external: context.external,
        purpose: cell(context.purpose.as_deref().unwrap_or_default()),
        owner: context.owner.as_deref().map(cell),
        port: system.port(context),
        aggregates: context.aggregates.keys().map(ToString::to_string).collect(),
    });
    contexts.collect()
}

/// What one context takes from another.
#[derive(Debug, Serialize)]
pub(super) struct RelationView {
    /// Who emits.
    from: String,
    /// Who listens.
    to: String,
    /// The events that something is done for.
    events: Vec<String>,
    replicas: Vec<ReplicaView>,
}

/// A replica.
#[derive(Debug, Serialize)]
struct ReplicaView {
    name: String,
    /// What is copied besides the ids.
    fields: Vec<String>,
    /// The aggregate that is copied.
    of: String,
    /// The age at which it says so.
    stale_after: String,
}

/// Who takes what from whom.
pub(super) fn arrows(system: &System) -> Vec<RelationView> {
    let relations = relations(system).into_iter();
    let relations = relations.map(|relation| {
        let replicas = relation.to.replicas.values();
        let replicas = replicas.filter(|replica| replica.context == relation.from.name);
        let replicas = replicas.map(|replica| ReplicaView {
            name: replica.name.to_string(),
            fields: replica
                .fields
                .iter()
                .map(|it| it.name.to_string())
                .collect(),
            of: replica.aggregate.to_string(),
            stale_after: span(replica.stale_after_ms),
        });
        RelationView {
            from: relation.from.name.to_string(),
            to: relation.to.name.to_string(),
            events: relation.events.iter().map(ToString::to_string).collect(),
            replicas: replicas.collect(),
        }
    });
    relations.collect()
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
