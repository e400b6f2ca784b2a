//! Events.

use serde::Serialize;

use crate::model::{Aggregate, Context, Event, EventField, Ident};

use super::{Contract, event_type};
use crate::plan::members;
use crate::plan::spoken::event_doc;
use crate::plan::view::{Doc, Literal, Member, Name, TypeRef};

/// `contracts/__context__/src/events.rs`.
#[derive(Debug, Serialize)]
pub(super) struct EventsFile {
    events: Vec<EventView>,
}

/// An event.
#[derive(Debug, Serialize)]
struct EventView {
    /// What the description says of it.
    doc: Doc,
    /// Its type: `LoanApproved`.
    name: Name,
    /// What it is called where it is published: `fintech.loan.LoanApproved`.
    published_as: Literal,
    /// Its version.
    version: u32,
    /// The type of what its aggregate shows of itself.
    of: TypeRef,
    /// Its fields.
    members: Vec<Member>,
}

impl Contract<'_> {
    /// Events.
    pub(super) fn events(&self, context: &Context) -> EventsFile {
        let events = context.events.values();
        EventsFile {
            events: events
                .filter_map(|event| self.event(context, event))
                .collect(),
        }
    }

    fn event(&self, context: &Context, event: &Event) -> Option<EventView> {
        let aggregate = context.aggregates.get(&event.aggregate)?;
        let fields = event.fields.iter();
        let members = fields.filter_map(|(name, field)| self.event_member(aggregate, name, field));
        let name = event.name.as_str();
        Some(EventView {
            doc: Doc::of(&event_doc(event)),
            name: Name::of_type(name),
            published_as: Literal::text(&event_type(self.system, context, name)),
            version: event.version,
            of: self.own(&format!("{}View", event.aggregate)).into(),
            members: members.map(Member::from).collect(),
        })
    }

    fn event_member(
        &self,
        aggregate: &Aggregate,
        name: &Ident,
        field: &EventField,
    ) -> Option<members::Member> {
        match field {
            EventField::Field => {
                let field = aggregate.fields.get(name)?;
                Some(self.member(field, field.optional))
            }
            EventField::Collection(entity) => {
                Some(self.collection(aggregate.entities.get(entity)?))
            }
            EventField::Own(field) => Some(self.member(field, field.optional)),
        }
    }
}
