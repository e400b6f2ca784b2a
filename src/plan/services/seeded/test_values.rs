//! The values that seeded tests are written with: aggregates, commands, what these need, and events.

use super::{Source, emitted};
use crate::model::{
    Aggregate, Command, Emission, Field, Need, NeedKind, Replica, Trigger, TypeName, derived,
};
use crate::plan::rust::expr::{Expr, call, text};
use crate::plan::rust::{Module, Place, Spelling, Types, Values, json, names};
use crate::plan::sample::{self, Members};
use crate::plan::services::examples::{Example, default_example};

impl Source<'_, '_> {
    /// An aggregate as a creation would make it, with its type; in its JSON form when nothing creates one.
    pub(super) fn state_value(&self, aggregate: &Aggregate) -> (String, Expr) {
        if !self.service.is_created(aggregate) {
            let ty = self.imports.take(Module::Value, "Json");
            return (ty, json(&self.service.state_json(aggregate)));
        }
        let example = self.service.state_example(aggregate);
        let ty = self.generated(&derived::new(&aggregate.name));
        let values = self.values(Spelling::ForTests);
        let members = aggregate.members().map(|(name, content)| {
            let value = example.get(name.as_str());
            (names::member_ident(name), values.member(content, value))
        });
        let value = Expr::structure(&ty, members);
        (ty, value)
    }

    /// A command with this input.
    pub(super) fn command(
        &self,
        aggregate: &Aggregate,
        command: &Command,
        given: &Members,
    ) -> Expr {
        let values = self.values(Spelling::ForTests);
        let inputs = command.inputs(aggregate).map(|input| {
            let default = input.default.map(default_example);
            let value = given.get(input.name.as_str()).or(default.as_ref());
            let value = values.input(input.content, input.presence, value);
            (names::field_ident(input.name), value)
        });
        Expr::structure(&self.types().own(&command.name), inputs)
    }

    /// What a decision about a command may look at.
    pub(super) fn needs(&self, command: &Command) -> Expr {
        let needs = command.needs.values();
        let needs = needs.map(|it| (names::field_ident(&it.name), self.need(command, it)));
        Expr::structure(&self.generated(&derived::needs(&command.name)), needs)
    }

    fn need(&self, command: &Command, need: &Need) -> Expr {
        let context = self.service.context;
        match &need.kind {
            NeedKind::Replica { replica, key } => {
                let copy = self.copy(&context.replicas[replica]);
                let known = call(self.imports.take(Module::Testing, "known"), [copy]);
                match command.may_lack(self.service.aggregate_of(command), key) {
                    true => call("Some", [known]),
                    false => known,
                }
            }
            NeedKind::Aggregate { aggregate, .. } => {
                let aggregate = &context.aggregates[aggregate];
                let state = match self.service.is_created(aggregate) {
                    true => self.state_value(aggregate).1,
                    false => json(&self.service.state_json(aggregate)),
                };
                let given = call(self.imports.take(Module::Testing, "given"), [state]);
                call("Some", [given.method("into_aggregate")])
            }
            NeedKind::Query { query, .. } if !context.queries[query].unique => text("Vec::new()"),
            _ => text("None"),
        }
    }

    /// A replica's copy of its source.
    fn copy(&self, replica: &Replica) -> Expr {
        let owner = &self.service.system.contexts[&replica.context];
        let source = &owner.aggregates[&replica.aggregate];
        let values = self.test_values(Types {
            context: &owner.name,
            place: Place::Elsewhere,
            imports: None,
        });
        let fields = replica.fields.iter().filter_map(|copied| {
            let value = match source.fields.get(&copied.name) {
                Some(field) => {
                    let field = Field {
                        optional: field.optional || copied.may_be_unknown,
                        ..field.clone()
                    };
                    values.field(&field, &sample::field(self.service.system, &field, 1))
                }
                None if source.is_status(&copied.name) => {
                    let variant = names::variant_ident(&source.states.first()?.name);
                    let status = values.types.own(&derived::status(&source.name));
                    text(format!("{status}::{variant}"))
                }
                None => text("Vec::new()"),
            };
            Some((names::field_ident(&copied.name), value))
        });
        let ident = self.generated(&replica.name);
        Expr::structure(&ident, fields)
    }

    /// What the seeded decision emits.
    pub(super) fn emitted_value(
        &self,
        aggregate: &Aggregate,
        command: &Command,
        example: &Example,
    ) -> Expr {
        let value = |event: &TypeName| {
            let trigger = Trigger {
                context: self.service.context.name.clone(),
                event: event.clone(),
            };
            let members = self
                .service
                .emitted_example(aggregate, command, example, event);
            self.event_literal(&trigger, &members)
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

    /// An event of some context with these members.
    pub(super) fn event_literal(&self, trigger: &Trigger, members: &Members) -> Expr {
        let values = self.test_values(self.service.emitter(trigger));
        let ident = values.types.own(&trigger.event);
        let (context, event) = self.service.triggering(trigger);
        let members_of = event.members(&context.aggregates[&event.aggregate]);
        let fields = members_of.map(|(name, content)| {
            let value = values.member(content, members.get(name.as_str()));
            (names::field_ident(name), value)
        });
        Expr::structure(&ident, fields)
    }

    fn test_values<'t>(&'t self, types: Types<'t>) -> Values<'t> {
        Values {
            system: self.service.system,
            types: self.importing(types),
            spelling: Spelling::ForTests,
        }
    }
}
