//! The user's decisions as they are written first: they do the obvious.

use indexmap::IndexMap;
use serde::Serialize;

use super::Source;
use super::inputs::{self, Applied};
use super::left::Task;
use super::placeholders::{Assigned, Placeholder, Placeholders};
use super::tests::DomainTests;
use crate::model::{Aggregate, Change, Command, Content, Emission, Event, Field, Ident, derived};
use crate::plan::rust::expr::{call, text};
use crate::plan::rust::{Expr, Imports, Module, names};
use crate::plan::services::examples::emitted;
use crate::plan::services::generated::Decision;
use crate::plan::services::{Service, certain, copies, own_fields, stored};
use crate::plan::view::{Doc, Name};

/// `services/__context__/src/domain/__aggregate__.rs`.
#[derive(Debug, Serialize)]
pub(super) struct DomainFile<'a> {
    /// The name of the aggregate.
    name: &'a str,
    /// The trait of its decisions.
    interface: Name,
    decisions: Vec<SeededDecision>,
    imports: Imports,
    tests: DomainTests,
}

/// A decision.
#[derive(Debug, Serialize)]
struct SeededDecision {
    /// What the description says of the command.
    doc: Doc,
    #[serde(flatten)]
    decision: Decision,
    /// The function that makes a new aggregate; `None` where none is made.
    maker: Option<Name>,
    /// Whether the command is read after an aggregate was made from it.
    cloned: bool,
    /// What nothing gives.
    placeholders: Vec<Placeholder>,
    /// What it works out for a new aggregate; `None` where that is nothing.
    sets: Option<Expr>,
    /// What an update does to the aggregate.
    inputs: Vec<Applied>,
    /// What becomes of the aggregate besides.
    assigned: Vec<Assigned>,
    /// What it emits.
    emitted: Expr,
    /// What is left to do in it.
    left: Vec<Task>,
    /// Whether it reads the aggregate.
    reads_subject: bool,
    /// Whether it reads the command.
    reads_command: bool,
}

/// The user's decisions about an aggregate; `None` where there is none to take.
pub(super) fn file<'a>(service: &Service<'_>, aggregate: &'a Aggregate) -> Option<DomainFile<'a>> {
    service.commands_of(aggregate).next()?;
    let source = Source::new(service);
    source.imports.take(Module::Generated, "Domain");
    source.generated(&derived::decisions(&aggregate.name));
    let commands = service.commands_of(aggregate);
    let decisions = commands.map(|command| source.decision(aggregate, command));
    Some(DomainFile {
        name: &aggregate.name,
        interface: Name::of_type(&derived::decisions(&aggregate.name)),
        decisions: decisions.collect(),
        tests: DomainTests::of(&source, aggregate),
        imports: source.imports,
    })
}

impl Source<'_, '_> {
    fn decision(&self, aggregate: &Aggregate, command: &Command) -> SeededDecision {
        let subject = names::variable_ident(&aggregate.name);
        let inputs = match command.change {
            Change::Updates => {
                let told = self.service.certain_of(command);
                inputs::applied(aggregate, command, &subject, &told)
            }
            Change::Creates | Change::Deletes => Vec::new(),
        };
        let mut placeholders = Placeholders::new(&subject);
        let sets = self.sets(aggregate, command, &mut placeholders);
        let emitted = self.events(aggregate, command, &subject, &mut placeholders);
        let assigned = self.assigned(aggregate, command, &placeholders);
        let creates = command.change == Change::Creates;
        let changes = !(inputs.is_empty() && assigned.is_empty());
        let reads = |name| creates || emitted.mentions(name);
        // What has a placeholder says so there.
        let left = self.service.left_to_decide(command).into_iter();
        SeededDecision {
            doc: Doc::of(command.doc.as_deref().unwrap_or_default()),
            decision: self.service.decision(Some(&self.imports), command),
            maker: creates.then(|| self.service.maker(command)),
            cloned: self.reads_inputs(command),
            reads_subject: changes || reads(&subject),
            reads_command: !inputs.is_empty() || reads("command"),
            left: left
                .filter_map(|task| task.without(|it| placeholders.has(it)))
                .collect(),
            placeholders: placeholders.all,
            sets,
            inputs,
            assigned,
            emitted,
        }
    }

    /// Whether an event takes inputs after the command became an aggregate.
    fn reads_inputs(&self, command: &Command) -> bool {
        command.events().into_iter().any(|event| {
            let event = &self.service.context.events[event];
            own_fields(event).any(|field| command.source_of(field).is_some())
                || certain(event).any(|field| command.brings(&field.name))
        })
    }

    /// What a decision about the aggregate that goes by `subject` emits.
    fn events(
        &self,
        aggregate: &Aggregate,
        command: &Command,
        subject: &str,
        placeholders: &mut Placeholders,
    ) -> Expr {
        Expr::tuple(command.emits.iter().map(|emission| {
            let Some(event) = emitted(command, emission) else {
                return text("None");
            };
            let value = self.event((aggregate, command), event, subject, placeholders);
            match emission {
                Emission::Always(_) => value,
                Emission::Optional(_) => call("Some", [value]),
                Emission::OneOf(_) => self.chosen(command, event, value),
            }
        }))
    }

    fn event(
        &self,
        (aggregate, command): (&Aggregate, &Command),
        event: &str,
        subject: &str,
        placeholders: &mut Placeholders,
    ) -> Expr {
        let ident = self.types().own(event);
        let event = &self.service.context.events[event];
        let certain: IndexMap<&Ident, Expr> = certain(event)
            .map(|field| {
                (
                    &field.name,
                    self.certain_value((aggregate, command), field, placeholders),
                )
            })
            .collect();
        if own_fields(event).next().is_none() {
            let interface = if certain.is_empty() {
                "EventOf"
            } else {
                "EventWith"
            };
            self.imports.take(Module::Prelude, interface);
            let by = match command.change {
                Change::Creates => "&",
                Change::Updates | Change::Deletes => "",
            };
            let source = [text(format!("{by}{subject}"))].into_iter();
            let certain = (!certain.is_empty()).then(|| Expr::tuple(certain.into_values()));
            return call(format!("{ident}::of"), source.chain(certain));
        }
        let stored = stored(event, aggregate).map(|(name, content)| {
            let clone = if copies(content) { "" } else { ".clone()" };
            let value = format!("{subject}.{}{clone}", names::member_ident(name));
            let value = certain.get(name).cloned().unwrap_or_else(|| text(value));
            (names::field_ident(name), value)
        });
        let own = own_fields(event);
        let own = own.map(|field| {
            (
                names::field_ident(&field.name),
                self.own_value(command, (event, field), placeholders),
            )
        });
        Expr::structure(&ident, stored.chain(own))
    }

    /// The value of what an event is certain to have although the aggregate may lack it: an input that is
    /// always there, or what the decision works out.
    fn certain_value(
        &self,
        (aggregate, command): (&Aggregate, &Command),
        field: &Field,
        placeholders: &mut Placeholders,
    ) -> Expr {
        let (name, content) = (&field.name, Content::Field(field));
        let value = match command.brings(name) {
            true => text(format!("command.{}", names::field_ident(name))),
            false => self.placeholder(name, content, &aggregate.name, placeholders),
        };
        match command.emits.len() == 1 || copies(content) {
            true => value,
            false => text(format!("{value}.clone()")),
        }
    }

    /// The value of a field of an event's own: an input of the same name, or what the decision works out.
    fn own_value(
        &self,
        command: &Command,
        (event, field): (&Event, &Field),
        placeholders: &mut Placeholders,
    ) -> Expr {
        let Some(input) = command.source_of(field) else {
            return match field.optional {
                true => text("None"),
                false => self.placeholder(
                    &field.name,
                    Content::Field(field),
                    &event.name,
                    placeholders,
                ),
            };
        };
        let is_moved = command.emits.len() == 1 || copies(Content::Field(field));
        let clone = if is_moved { "" } else { ".clone()" };
        let given = format!("command.{}{clone}", names::field_ident(&field.name));
        match field.optional && !input.optional {
            true => call("Some", [text(given)]),
            false => text(given),
        }
    }
}
