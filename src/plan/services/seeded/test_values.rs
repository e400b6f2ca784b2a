//! The values that seeded tests are written with: examples that all tests share, and what differs from them.

use super::Source;
use crate::model::{Aggregate, Command, Emission, Need, NeedKind, TypeName, derived};
use crate::plan::rust::expr::{Expr, call, text};
use crate::plan::rust::{Module, Spelling, names};
use crate::plan::sample::Members;
use crate::plan::services::examples::{BEFORE, Example, emitted};
use crate::plan::services::generated::command_inputs;

impl Source<'_, '_> {
    /// A command with this input, as far as that is not the example's.
    pub(super) fn command(
        &self,
        aggregate: &Aggregate,
        command: &Command,
        given: &Members,
    ) -> Expr {
        let example = self.service.full_example(aggregate, command).input;
        let values = self.values(Spelling::ForTests);
        let differing = command.inputs(aggregate).filter_map(|input| {
            let (name, value) = (input.name.as_str(), given.get(input.name.as_str()));
            let value = (value != example.get(name))
                .then(|| values.input(input.content, input.presence, value))?;
            Some((names::field_ident(name), value))
        });
        let ty = || self.types().own(&command.name);
        Expr::based_on(self.example(&command.name), ty, differing)
    }

    /// A command with this input, whatever its example is.
    pub(super) fn command_literal(
        &self,
        aggregate: &Aggregate,
        command: &Command,
        given: &Members,
    ) -> Expr {
        let inputs = command_inputs(self.values(Spelling::ForTests), aggregate, command, given);
        Expr::structure(&self.types().own(&command.name), inputs)
    }

    /// What a decision about a command may look at.
    pub(super) fn needs(&self, command: &Command) -> Expr {
        let needs = command.needs.values();
        let needs = needs.map(|it| (names::field_ident(&it.name), self.need(command, it)));
        Expr::structure(&self.generated(&derived::needs(&command.name)), needs)
    }

    fn need(&self, command: &Command, need: &Need) -> Expr {
        match &need.kind {
            NeedKind::Replica { replica, key } => {
                let copy = self.example(replica);
                let known = call(self.imports.take(Module::Testing, "known"), [copy]);
                match command.may_lack(self.service.aggregate_of(command), key) {
                    true => call("Some", [known]),
                    false => known,
                }
            }
            NeedKind::Aggregate { aggregate, .. } => {
                let state = self.example(aggregate);
                let given = call(self.imports.take(Module::Testing, "given"), [state]);
                call("Some", [given.method("into_aggregate")])
            }
            NeedKind::Query { query, .. } if !self.service.context.queries[query].unique => {
                text("Vec::new()")
            }
            _ => text("None"),
        }
    }

    /// What the seeded decision emits.
    pub(super) fn emitted_value(
        &self,
        aggregate: &Aggregate,
        command: &Command,
        example: &Example,
    ) -> Expr {
        let value = |event: &TypeName| {
            let service = self.service;
            let members = service.emitted_example(aggregate, command, example, event);
            self.expected_event(aggregate, event, &members)
        };
        Expr::tuple(command.emits.iter().map(|emission| {
            match (emission, emitted(command, emission)) {
                (Emission::OneOf(_), Some(event)) => self.chosen(command, event, value(event)),
                (_, Some(event)) => value(event),
                (Emission::Optional(event), None) => {
                    text(format!("None::<{}>", self.types().own(event)))
                }
                (_, None) => text("None"),
            }
        }))
    }

    /// An event of the aggregate with these members, as far as they are not the example's.
    fn expected_event(&self, aggregate: &Aggregate, event: &TypeName, members: &Members) -> Expr {
        let trigger = self.service.own_trigger(event);
        let example = self.service.event_example(&trigger, BEFORE);
        let event = &self.service.context.events[event];
        let values = self.values(Spelling::ForTests);
        let differing = event.members(aggregate).filter_map(|(name, content)| {
            let value = members.get(name.as_str());
            let value =
                (value != example.get(name.as_str())).then(|| values.member(content, value))?;
            Some((names::field_ident(name), value))
        });
        let ty = || self.types().own(&event.name);
        Expr::based_on(self.example(&event.name), ty, differing)
    }
}
