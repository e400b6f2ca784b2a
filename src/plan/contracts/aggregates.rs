//! What callers are shown of aggregates.

use serde::Serialize;

use crate::model::{Aggregate, Context};

use super::{Contract, topic};
use crate::plan::prose::aggregate_doc;
use crate::plan::rust::names;
use crate::plan::view::{Doc, Literal, Member, Name, TypeRef};

/// `contracts/__context__/src/aggregates.rs`.
#[derive(Debug, Serialize)]
pub(super) struct AggregatesFile {
    /// The name of the context.
    context: Literal,
    aggregates: Vec<AggregateView>,
}

/// What callers are shown of an aggregate.
#[derive(Debug, Serialize)]
struct AggregateView {
    /// What the description says of the aggregate.
    doc: Doc,
    /// The type of what is shown: `LoanView`.
    view: Name,
    /// The aggregate's name in paths and topics: `loan`.
    name: Literal,
    /// The topic of its events.
    topic: Literal,
    /// The type of its id.
    id: TypeRef,
    /// The type of its status; `None` for one without states.
    status: Option<TypeRef>,
    /// Its fields and lists of entities that are shown.
    members: Vec<Member>,
}

impl Contract<'_> {
    /// What callers are shown of aggregates.
    pub(super) fn aggregates(&self, context: &Context) -> AggregatesFile {
        let aggregates = context.aggregates.values();
        AggregatesFile {
            context: Literal::text(context.name.as_str()),
            aggregates: aggregates
                .map(|aggregate| self.aggregate(context, aggregate))
                .collect(),
        }
    }

    fn aggregate(&self, context: &Context, aggregate: &Aggregate) -> AggregateView {
        let name = aggregate.name.as_str();
        let has_status = !aggregate.states.is_empty();
        let types = self.types();
        let shown = aggregate.members().filter(|(_, it)| !it.is_hidden());
        AggregateView {
            doc: Doc::of(&aggregate_doc(aggregate)),
            view: Name::of_type(&format!("{name}View")),
            name: Literal::text(&names::snake(name)),
            topic: Literal::text(&topic(self.system, context, name)),
            id: self.id(name).into(),
            status: has_status.then(|| self.own(&format!("{name}Status")).into()),
            members: shown.map(|it| Member::of(&types, it)).collect(),
        }
    }
}
