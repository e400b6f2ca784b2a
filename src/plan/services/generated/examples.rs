//! Examples that tests of a service start from, as expressions of Rust.

use indexmap::IndexMap;
use serde::Serialize;

use crate::model::{Aggregate, Command, ContextName, Field, Replica, Trigger, derived};
use crate::plan::rust::expr::text;
use crate::plan::rust::{Expr, Place, Spelling, Types, Values, names};
use crate::plan::sample::{self, Members};
use crate::plan::services::Service;
use crate::plan::services::examples::{BEFORE, default_example};
use crate::plan::view::{Name, TypeRef};

/// `services/__context__/src/generated/examples.rs`.
#[derive(Debug, Serialize)]
pub(super) struct ExamplesFile {
    /// Those of what the context has itself.
    own: Vec<ExampleView>,
    /// Those of what it hears from others.
    others: Vec<HeardContext>,
}

/// A function that gives an example.
#[derive(Debug, Serialize)]
struct ExampleView {
    /// What it is called.
    name: Name,
    /// The type of what it gives.
    #[serde(rename = "type")]
    ty: TypeRef,
    /// What it gives.
    value: Expr,
}

/// Events of another context.
#[derive(Debug, Serialize)]
struct HeardContext {
    /// The name of the context.
    name: String,
    /// The module of their examples.
    module: Name,
    events: Vec<ExampleView>,
}

impl ExampleView {
    fn new(of: &str, ty: String, members: impl IntoIterator<Item = (String, Expr)>) -> Self {
        Self {
            name: Name::of_function(of),
            value: Expr::structure(&ty, members),
            ty: ty.into(),
        }
    }
}

impl<'a> Service<'a> {
    /// Examples of all that tests of the service start from; `None` where there is nothing.
    pub(super) fn examples(&self) -> Option<ExamplesFile> {
        let context = self.context;
        let aggregates = context.aggregates.values();
        let commands = context.commands.values();
        let events = context.events.values();
        let copies = context.replicas.values();
        let own = aggregates.map(|it| self.row_example(it));
        let own = own.chain(commands.map(|it| self.command_example(it)));
        let own = own.chain(events.map(|it| self.event_literal(&self.own_trigger(&it.name))));
        let own = own.chain(copies.map(|it| self.copy_example(it)));
        let file = ExamplesFile {
            own: own.collect(),
            others: self.heard_examples(),
        };
        (!file.own.is_empty() || !file.others.is_empty()).then_some(file)
    }

    /// An aggregate as a creation makes it; as it is stored, where nothing creates one.
    fn row_example(&self, aggregate: &Aggregate) -> ExampleView {
        let (types, values) = (self.types(), self.example_values(self.types()));
        let example = self.state_example(aggregate);
        let members = aggregate.members().map(|(name, content)| {
            let value = values.member(content, example.get(name.as_str()));
            (names::member_ident(name), value)
        });
        let name = &aggregate.name;
        if self.is_created(aggregate) {
            return ExampleView::new(name, types.generated(&derived::new(name)), members);
        }
        let meta = text("platform_runtime::prelude::Meta::default()");
        let status = aggregate.states.first().map(|state| {
            let ty = types.own(&derived::status(name));
            let variant = names::variant_ident(&state.name);
            ("status".to_owned(), text(format!("{ty}::{variant}")))
        });
        let private = [("meta".to_owned(), meta)].into_iter().chain(status);
        ExampleView::new(name, types.generated(name), private.chain(members))
    }

    /// A command that brings all that it may.
    fn command_example(&self, command: &Command) -> ExampleView {
        let aggregate = self.aggregate_of(command);
        let given = self.full_example(aggregate, command).input;
        let values = self.example_values(self.types());
        let inputs = command_inputs(values, aggregate, command, &given);
        ExampleView::new(&command.name, self.types().own(&command.name), inputs)
    }

    /// The events of other contexts that set handlers off.
    fn heard_examples(&self) -> Vec<HeardContext> {
        let context = self.context;
        let policies = context.policies.values().map(|policy| &policy.trigger);
        let effects = context.effects.values().map(|effect| &effect.trigger);
        let mut heard: IndexMap<&ContextName, Vec<&Trigger>> = IndexMap::new();
        for trigger in policies.chain(effects) {
            let of = heard.entry(&trigger.context).or_default();
            if trigger.context != context.name && !of.iter().any(|it| it.event == trigger.event) {
                of.push(trigger);
            }
        }
        heard.retain(|_, events| !events.is_empty());
        let others = heard.into_iter().map(|(name, events)| HeardContext {
            name: name.to_string(),
            module: Name::of_module(name),
            events: events
                .into_iter()
                .map(|it| self.event_literal(it))
                .collect(),
        });
        others.collect()
    }

    /// An event with all that it may carry.
    fn event_literal(&self, trigger: &Trigger) -> ExampleView {
        let members = self.event_example(trigger, BEFORE);
        let types = self.emitter(trigger);
        let values = self.example_values(types);
        let (context, event) = self.triggering(trigger);
        let fields = event.members(&context.aggregates[&event.aggregate]);
        let fields = fields.map(|(name, content)| {
            let value = values.member(content, members.get(name.as_str()));
            (names::field_ident(name), value)
        });
        ExampleView::new(&trigger.event, types.own(&trigger.event), fields)
    }

    /// A replica's copy of its source.
    fn copy_example(&self, replica: &Replica) -> ExampleView {
        let owner = &self.system.contexts[&replica.context];
        let source = &owner.aggregates[&replica.aggregate];
        let values = self.example_values(Types {
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
                    values.field(&field, &sample::field(self.system, &field, BEFORE))
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
        let ty = self.types().generated(&replica.name);
        ExampleView::new(&replica.name, ty, fields)
    }

    fn example_values(&self, types: Types<'a>) -> Values<'a> {
        Values {
            system: self.system,
            types,
            spelling: Spelling::ForTests,
        }
    }
}

/// The inputs of a command with these values, and with their defaults.
pub(crate) fn command_inputs<'c>(
    values: Values<'c>,
    aggregate: &'c Aggregate,
    command: &'c Command,
    given: &'c Members,
) -> impl Iterator<Item = (String, Expr)> {
    command.inputs(aggregate).map(move |input| {
        let default = input.default.map(default_example);
        let value = given.get(input.name.as_str()).or(default.as_ref());
        let value = values.input(input.content, input.presence, value);
        (names::field_ident(input.name), value)
    })
}
