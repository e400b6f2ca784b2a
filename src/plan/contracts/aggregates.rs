//! What callers are shown of aggregates.

use serde::Serialize;

use crate::model::{Aggregate, Content, Context, Event, EventField, Field, Ident};

use super::{Contract, topic};
use crate::plan::prose::article;
use crate::plan::rust::names;
use crate::plan::view::{Column, Doc, Literal, Member, Name, TypeRef};

/// `contracts/__context__/src/aggregates.rs`.
#[derive(Debug, Serialize)]
pub(super) struct AggregatesFile {
    /// The name of the context.
    context: Literal,
    /// Whether messages about some carry personal data.
    personal: bool,
    aggregates: Vec<AggregateView>,
}

/// What callers are shown of an aggregate.
#[derive(Debug, Serialize)]
struct AggregateView {
    /// What the description says of the aggregate.
    doc: Doc,
    /// The aggregate in a sentence: "an `Order`".
    one: String,
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
    /// What there is to know of its messages, to find the personal data in them; `None` where there is none.
    personal: Option<Personal>,
}

/// The messages about an aggregate.
#[derive(Debug, Serialize)]
struct Personal {
    /// The types of its events.
    events: Vec<TypeRef>,
    /// What some event carries of it.
    published: Vec<Column>,
}

impl Contract<'_> {
    /// What callers are shown of aggregates.
    pub(super) fn aggregates(&self, context: &Context) -> AggregatesFile {
        let aggregates = context.aggregates.values();
        let aggregates = aggregates.map(|aggregate| self.aggregate(context, aggregate));
        let aggregates: Vec<AggregateView> = aggregates.collect();
        AggregatesFile {
            context: Literal::text(context.name.as_str()),
            personal: aggregates.iter().any(|it| it.personal.is_some()),
            aggregates,
        }
    }

    fn aggregate(&self, context: &Context, aggregate: &Aggregate) -> AggregateView {
        let name = aggregate.name.as_str();
        let has_status = !aggregate.states.is_empty();
        let types = self.types();
        let shown = aggregate.members().filter(|(_, it)| !it.is_hidden());
        AggregateView {
            doc: Doc::of(aggregate.doc.as_deref().unwrap_or_default()),
            one: format!("{} `{name}`", article(name)),
            view: Name::of_type(&format!("{name}View")),
            name: Literal::text(&names::snake(name)),
            topic: Literal::text(&topic(self.system, context, name)),
            id: self.id(name).into(),
            status: has_status.then(|| self.own(&format!("{name}Status")).into()),
            members: shown.map(|it| Member::of(&types, it)).collect(),
            personal: self.personal(context, aggregate),
        }
    }

    fn personal(&self, context: &Context, aggregate: &Aggregate) -> Option<Personal> {
        let events = || events_of(context, aggregate);
        let is_carried = |name: &Ident| {
            let mut fields = events().filter_map(|event| event.fields.get(name));
            fields.any(|field| !matches!(field, EventField::Own(_)))
        };
        let published = aggregate.members().filter(|(name, _)| is_carried(name));
        let published = published.map(|(_, content)| self.column(content, content.is_optional()));
        let types = events().map(|event| self.own(event.name.as_str()).into());
        let any = self.publishes_personal(context, aggregate);
        any.then(|| Personal {
            events: types.collect(),
            published: published.collect(),
        })
    }

    /// Whether some event of an aggregate carries personal data.
    pub(super) fn publishes_personal(&self, context: &Context, aggregate: &Aggregate) -> bool {
        let is_personal = |field: &Field| self.system.is_personal(field);
        let mut members = events_of(context, aggregate).flat_map(|event| event.members(aggregate));
        members.any(|(_, content)| match content {
            Content::Field(field) => is_personal(field),
            Content::Entities(entity) => entity.fields.values().any(is_personal),
        })
    }
}

/// The events of an aggregate.
fn events_of<'a>(context: &'a Context, aggregate: &Aggregate) -> impl Iterator<Item = &'a Event> {
    let events = context.events.values();
    events.filter(|event| event.aggregate == aggregate.name)
}
