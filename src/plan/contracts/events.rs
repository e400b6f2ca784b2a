//! Events.

use serde::Serialize;

use crate::model::{Context, Event, derived};

use super::{Contract, event_type};
use crate::plan::prose::listed_names;
use crate::plan::view::{Column, Doc, Literal, Member, Name, TypeRef};

/// `contracts/__context__/src/events.rs`.
#[derive(Debug, Serialize)]
pub(super) struct EventsFile {
    /// Whether some event carries personal data.
    personal: bool,
    events: Vec<EventView>,
}

/// An event.
#[derive(Debug, Serialize)]
struct EventView {
    /// What the description says of it, or else who emits it.
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
    /// The same as the runtime knows them; none where no event of its aggregate carries personal data.
    columns: Vec<Column>,
}

impl Contract<'_> {
    /// Events.
    pub(super) fn events(&self, context: &Context) -> EventsFile {
        let events = context.events.values();
        let events = events.filter_map(|event| self.event(context, event));
        let events: Vec<EventView> = events.collect();
        EventsFile {
            personal: events.iter().any(|event| !event.columns.is_empty()),
            events,
        }
    }

    fn event(&self, context: &Context, event: &Event) -> Option<EventView> {
        let aggregate = context.aggregates.get(&event.aggregate)?;
        let (name, types) = (event.name.as_str(), self.types());
        let members = event.members(aggregate);
        let known = self.publishes_personal(context, aggregate);
        let columns = members.clone().filter(|_| known);
        Some(EventView {
            doc: Doc::of(&event.doc.clone().unwrap_or_else(|| emitted(context, event))),
            name: Name::of_type(name),
            published_as: Literal::text(&event_type(self.system, context, name)),
            version: event.version,
            of: self.own(&derived::view(aggregate.name.as_str())).into(),
            members: members.map(|it| Member::of(&types, it)).collect(),
            columns: columns
                .map(|(_, content)| self.column(content, content.is_optional()))
                .collect(),
        })
    }
}

/// Who emits an event: "Emitted by `FillBasket` and `ChangeBasket`."
fn emitted(context: &Context, event: &Event) -> String {
    let commands = context.commands.values();
    let emitting = commands.filter(|command| command.events().contains(&&event.name));
    match listed_names(emitting.map(|command| &command.name), "and") {
        commands if commands.is_empty() => commands,
        commands => format!("Emitted by {commands}."),
    }
}
