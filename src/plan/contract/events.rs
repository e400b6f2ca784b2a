//! Events.

use serde::Serialize;

use crate::model::{Aggregate, Context, Event, EventField, Ident};

use super::{Contract, Items, derive_uses, event_type};
use crate::plan::layout::{self, text};
use crate::plan::members::{self, Member};
use crate::plan::names;
use crate::plan::spoken::event_doc;
use crate::plan::uses::Uses;

/// An event.
#[derive(Debug, Serialize)]
pub struct EventView {
    doc: String,
    ident: String,
    body: String,
    type_const: String,
    version: u32,
    of: String,
}

impl Contract<'_> {
    /// Events.
    pub fn events(&self, context: &Context) -> Items<EventView> {
        let mut uses = Uses::default();
        let items = context
            .events
            .values()
            .filter_map(|event| self.event(&mut uses, context, event))
            .collect();
        Items {
            uses: uses.render(),
            items,
        }
    }

    fn event(&self, uses: &mut Uses, context: &Context, event: &Event) -> Option<EventView> {
        derive_uses(uses);
        uses.take("platform::prelude", "Event");
        let aggregate = context.aggregates.get(&event.aggregate)?;
        let members: Vec<Member> = event
            .fields
            .iter()
            .filter_map(|(name, field)| self.event_member(uses, aggregate, name, field))
            .collect();
        let name = event.name.as_str();
        let ty = text(names::literal(&event_type(self.system, context, name)));
        Some(EventView {
            doc: layout::doc(0, &event_doc(event)),
            ident: names::type_ident(name),
            body: members::body(&members),
            type_const: layout::assign(4, "const TYPE: &'static str =", &ty, ";"),
            version: event.version,
            of: self.types().own(uses, &format!("{}View", event.aggregate)),
        })
    }

    fn event_member(
        &self,
        uses: &mut Uses,
        aggregate: &Aggregate,
        name: &Ident,
        field: &EventField,
    ) -> Option<Member> {
        match field {
            EventField::Field => {
                let field = aggregate.fields.get(name)?;
                Some(self.member(uses, field, field.optional))
            }
            EventField::Collection(entity) => {
                Some(self.collection(uses, aggregate.entities.get(entity)?))
            }
            EventField::Own(field) => Some(self.member(uses, field, field.optional)),
        }
    }
}
