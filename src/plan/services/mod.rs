//! The service crate of a context, `services/<context>`.
//!
//! `package` makes its manifest and roots, `openapi` and `migrations` what they are called after, `generated` and
//! `seeded` the tool's and the user's part of its sources, `failures` its tests of failures.

mod event_values;
mod examples;
mod failures;
mod generated;
mod migrations;
pub mod openapi;
mod package;
mod seeded;
mod shape;
mod tables;

pub use migrations::extension as migration_extension;
pub use seeded::left::Unfinished;

use crate::model::{Aggregate, Change, Command, Content, Context, Emission};
use crate::model::{Event, EventField, Field, HandlerKind, Ident, System, TypeName, derived};

use super::file::File;
use super::rust::{Expr, Imports, Place, Spelling, Types, Values, expr::text, is_copy};
use super::view::TypeRef;

/// The files of all services.
pub(super) fn files(system: &System) -> Vec<File> {
    let files = system.services().flat_map(|context| {
        let service = Service { system, context };
        let mut files = service.package();
        files.extend(migrations::files(system, context));
        files.extend(generated::files(&service));
        files.extend(seeded::files(&service));
        files.extend(service.failure_tests());
        files
    });
    files.collect()
}

/// Where files of the user's were and where they belong, of what is called something else now.
pub(super) fn moved(system: &System) -> Vec<(String, String)> {
    let services = system.services();
    let moved = services.flat_map(|context| seeded::moved(&Service { system, context }));
    moved.collect()
}

/// Renders one service.
pub struct Service<'a> {
    /// The system.
    pub system: &'a System,
    /// The context.
    pub context: &'a Context,
}

impl<'a> Service<'a> {
    fn types(&self) -> Types<'a> {
        self.types_in(None)
    }

    /// The types of a file that imports what it names, where it does.
    fn types_in<'i>(&self, imports: Option<&'i Imports>) -> Types<'i>
    where
        'a: 'i,
    {
        Types {
            context: &self.context.name,
            place: Place::Service,
            imports,
        }
    }

    /// A type of the context's contract: `contract::ApproveLoan`.
    fn own(&self, name: &str) -> TypeRef {
        self.types().own(name).into()
    }

    fn values(&self) -> Values<'a> {
        Values {
            system: self.system,
            types: self.types(),
            spelling: Spelling::Exact,
        }
    }

    /// The commands on an aggregate, in order.
    fn commands_of(&self, aggregate: &Aggregate) -> impl Iterator<Item = &'a Command> + Clone {
        let name = aggregate.name.clone();
        let commands = self.context.commands.values();
        commands.filter(move |command| command.aggregate == name)
    }

    /// The events of an aggregate, in order.
    fn events_of(&self, aggregate: &Aggregate) -> impl Iterator<Item = &'a Event> + Clone {
        let name = aggregate.name.clone();
        let events = self.context.events.values();
        events.filter(move |event| event.aggregate == name)
    }

    /// The id under which a handler keeps how far it is.
    fn handler_id(&self, kind: HandlerKind, name: &TypeName) -> String {
        self.system.handler_id(self.context, kind, name)
    }

    /// Whether some command makes aggregates of this kind.
    fn is_created(&self, aggregate: &Aggregate) -> bool {
        let mut commands = self.commands_of(aggregate);
        commands.any(|command| command.change == Change::Creates)
    }

    /// The aggregate of a command.
    fn aggregate_of(&self, command: &Command) -> &'a Aggregate {
        &self.context.aggregates[&command.aggregate]
    }
}

/// The type a decision returns for its events.
fn events_type(types: Types<'_>, command: &Command) -> String {
    let events = command.emits.iter().map(|emission| match emission {
        Emission::Always(event) => text(types.own(event)),
        Emission::Optional(event) => text(format!("Option<{}>", types.own(event))),
        Emission::OneOf(_) => text(types.generated(&derived::one_of(&command.name))),
    });
    Expr::tuple(events).to_string()
}

/// What an event carries of its aggregate: what it is certain to have among it.
fn stored<'e>(
    event: &'e Event,
    aggregate: &'e Aggregate,
) -> impl Iterator<Item = (&'e Ident, Content<'e>)> {
    let members = event.members(aggregate);
    members.filter(|(name, _)| !matches!(event.fields[*name], EventField::Own(_)))
}

/// What an event is certain to have although its aggregate may lack it.
fn certain(event: &Event) -> impl Iterator<Item = &Field> {
    event.fields.values().filter_map(|field| match field {
        EventField::Certain(field) => Some(field.as_ref()),
        _ => None,
    })
}

/// The fields that an event has of its own.
fn own_fields(event: &Event) -> impl Iterator<Item = &Field> {
    event.fields.values().filter_map(|field| match field {
        EventField::Own(field) => Some(field.as_ref()),
        _ => None,
    })
}

/// Whether what stands under a name is copied rather than cloned.
fn copies(content: Content<'_>) -> bool {
    content
        .field()
        .is_some_and(|field| !field.list && is_copy(&field.ty))
}
