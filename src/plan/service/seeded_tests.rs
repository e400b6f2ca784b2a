//! The tests that users' files start with: what the seeded bodies do, as given, when and then.

use serde::Serialize;
use serde_json::Value;

use crate::model::{
    Aggregate, Change, Command, Emission, EventField, Field, InputSource, Need, NeedKind, Replica,
    Trigger, derived,
};
use crate::plan::layout::{self, Expr, call, text};
use crate::plan::names;
use crate::plan::types::{Place, Types};
use crate::plan::uses::Uses;
use crate::plan::value::{Spelling, Values};
use crate::plan::view::{self, Name, TypeRef};

use super::examples::{Example, Members};
use super::{Service, one_of, variable};

/// What tests import and bind, so that no function of theirs may be called so.
const TAKEN: [&str; 13] = [
    "asked",
    "context",
    "data",
    "date",
    "decimal",
    "expected",
    "given",
    "given_nothing",
    "id",
    "known",
    "recorded",
    "target",
    "timestamp",
];

/// The function of a test module that gives an aggregate to start from: the component `tests.state`.
#[derive(Debug, Serialize)]
pub(super) struct StateView {
    /// What it is called.
    name: Name,
    /// The type of what it gives.
    #[serde(rename = "type")]
    ty: TypeRef,
    /// What it gives.
    value: view::Expr,
}

/// A value that a test takes, by a variable where it is long: the component `tests.bound`.
#[derive(Debug, Serialize)]
pub(super) struct Bound {
    /// The variable; `None` where the value is short.
    name: Option<&'static str>,
    value: view::Expr,
}

impl Bound {
    /// The value, with this name for the variable.
    pub fn new(name: &'static str, value: Expr) -> Self {
        let short = match &value {
            Expr::Text(_) => true,
            Expr::Struct(_, fields) => fields.is_empty(),
            _ => false,
        };
        Self {
            name: (!short).then_some(name),
            value: value.into(),
        }
    }
}

impl<'a> Service<'a> {
    /// The tests of an aggregate's decisions.
    pub(super) fn domain_tests(&self, parent: &Uses, aggregate: &Aggregate) -> String {
        let mut uses = Uses::default();
        let commands: Vec<&Command> = self.commands_of(aggregate).collect();
        let mut functions = Vec::new();
        if commands.iter().any(|c| c.change != Change::Creates) {
            functions.push(self.state_function(&mut uses, aggregate));
        }
        for command in commands {
            functions.push(self.command_test(&mut uses, aggregate, command));
            functions.extend(self.patch_tests(&mut uses, aggregate, command));
        }
        tests_module(uses, parent, &functions)
    }

    fn command_test(&self, uses: &mut Uses, aggregate: &Aggregate, command: &Command) -> String {
        let given = match command.change {
            Change::Creates => call(uses.take("platform_testing", "given_nothing"), vec![]),
            Change::Updates | Change::Deletes => {
                let state = call(state_name(aggregate), vec![]);
                call(uses.take("platform_testing", "given"), vec![state])
            }
        };
        let example = self.full_example(aggregate, command);
        let mut body = String::new();
        let steps = self.steps(uses, (aggregate, command), &example, &mut body);
        let chain = Expr::Chain(Box::new(given), steps);
        body.push_str(&format!("        {};\n", chain.lay(8, 8, 1)));
        test(&function_name(command.name.as_str()), &body)
    }

    /// The calls from what is given to the events that are expected; what they take is bound in the
    /// body before.
    pub(super) fn steps(
        &self,
        uses: &mut Uses,
        (aggregate, command): (&Aggregate, &Command),
        example: &Example,
        body: &mut String,
    ) -> Vec<Expr> {
        let mut steps = Vec::new();
        if let Some(status) = other_status(aggregate, command) {
            steps.push(call("in_status", vec![text(names::literal(status))]));
        }
        let asked = self.command_value(uses, aggregate, command, &example.input);
        steps.push(call("when", vec![bound(body, "command", asked)]));
        if !command.needs.is_empty() {
            let needs = self.needs_value(uses, command);
            steps.push(call("with", vec![bound(body, "needs", needs)]));
        }
        let expected = self.expected_value(uses, aggregate, command, example);
        let name = if command.emits.len() > 1 {
            "events"
        } else {
            "event"
        };
        steps.push(call("then", vec![bound(body, name, expected)]));
        steps
    }

    /// The aggregate that tests start from.
    pub(super) fn state_view(&self, uses: &mut Uses, aggregate: &Aggregate) -> StateView {
        let (ty, value) = self.state_value(uses, aggregate);
        StateView {
            name: state_name(aggregate).into(),
            ty: ty.into(),
            value: value.into(),
        }
    }

    /// A function that gives the aggregate the tests start from.
    pub(super) fn state_function(&self, uses: &mut Uses, aggregate: &Aggregate) -> String {
        let (ty, value) = self.state_value(uses, aggregate);
        let head = layout::function(4, &format!("fn {}", state_name(aggregate)), &[], &ty, " {");
        format!("{head}\n        {}\n    }}\n", value.lay(8, 8, 0))
    }

    /// An aggregate as a creation would make it; in its JSON form when nothing creates one.
    fn state_value(&self, uses: &mut Uses, aggregate: &Aggregate) -> (String, Expr) {
        let mut commands = self.commands_of(aggregate);
        if !commands.any(|command| command.change == Change::Creates) {
            let json = uses.take("platform_contract::value", "Json");
            let literal = names::literal(&self.state_json(aggregate).to_string());
            return (
                json,
                call("platform_contract::value::json", vec![text(literal)]),
            );
        }
        let members = self.state_example(aggregate);
        let ty = uses.take("crate::generated", &derived::new(aggregate.name.as_str()));
        let values = self.test_values(self.types());
        let mut fields = Vec::new();
        for field in aggregate.fields.values() {
            let given = members.get(field.name.as_str()).unwrap_or(&Value::Null);
            let ident = names::member_ident(field.name.as_str());
            fields.push((ident, values.field(uses, field, given)));
        }
        for entity in aggregate.entities.values() {
            let given = members.get(entity.collection.as_str());
            let ident = names::member_ident(entity.collection.as_str());
            fields.push((ident, values.entities(uses, entity, given)));
        }
        (ty.clone(), Expr::Struct(ty, fields))
    }

    /// A command with this input.
    pub(super) fn command_value(
        &self,
        uses: &mut Uses,
        aggregate: &Aggregate,
        command: &Command,
        given: &Members,
    ) -> Expr {
        let values = self.test_values(self.types());
        let fields = command.input.values().filter_map(|input| {
            let value = given.get(input.name.as_str());
            let presence = command.presence(aggregate, input);
            let value = match &input.source {
                InputSource::Collection(entity) => {
                    let list = values.entities(uses, aggregate.entities.get(entity)?, value);
                    match input.optional {
                        true if value.is_none() => text("None"),
                        true => call("Some", vec![list]),
                        false => list,
                    }
                }
                InputSource::Field => {
                    let field = aggregate.fields.get(&input.name)?;
                    values.input(uses, field, presence, value)
                }
                InputSource::Own(field) => values.input(uses, field, presence, value),
            };
            Some((names::field_ident(input.name.as_str()), value))
        });
        let fields = fields.collect();
        Expr::Struct(self.types().own(uses, command.name.as_str()), fields)
    }

    fn needs_value(&self, uses: &mut Uses, command: &Command) -> Expr {
        let needs = command.needs.values();
        let fields = needs
            .map(|need| {
                let ident = names::field_ident(need.name.as_str());
                (ident, self.need_value(uses, command, need))
            })
            .collect();
        let ident = uses.take("crate::generated", &derived::needs(command.name.as_str()));
        Expr::Struct(ident, fields)
    }

    fn need_value(&self, uses: &mut Uses, command: &Command, need: &Need) -> Expr {
        match &need.kind {
            NeedKind::Replica { replica, key } => {
                let Some(replica) = self.context.replicas.get(replica) else {
                    return text("None");
                };
                let copy = self.copy_value(uses, replica);
                let known = call(uses.take("platform_testing", "known"), vec![copy]);
                match self.may_lack(command, key) {
                    true => call("Some", vec![known]),
                    false => known,
                }
            }
            NeedKind::Query { query, .. } => {
                let found = self.context.queries.get(query);
                match found.is_some_and(|query| query.unique) {
                    true => text("None"),
                    false => text("Vec::new()"),
                }
            }
            _ => text("None"),
        }
    }

    /// A replica's copy of its source.
    fn copy_value(&self, uses: &mut Uses, replica: &Replica) -> Expr {
        let elsewhere = Types {
            context: replica.context.as_str(),
            place: Place::Elsewhere,
        };
        let source = self.system.contexts.get(&replica.context);
        let source = source.and_then(|context| context.aggregates.get(&replica.aggregate));
        let values = self.test_values(elsewhere);
        let fields = replica.fields.iter().filter_map(|copied| {
            let name = copied.name.as_str();
            let value = match source?.fields.get(name) {
                Some(field) => {
                    let field = Field {
                        optional: field.optional || copied.may_be_unknown,
                        ..field.clone()
                    };
                    let value = crate::plan::sample::field(self.system, &field, 1);
                    values.field(uses, &field, &value)
                }
                None if name == "status" => {
                    let first = source?.states.first()?.name.as_str();
                    let status = derived::status(replica.aggregate.as_str());
                    let ident = values.types.own(uses, &status);
                    text(format!("{ident}::{}", names::variant_ident(first)))
                }
                None => text("Vec::new()"),
            };
            Some((names::field_ident(name), value))
        });
        let fields = fields.collect();
        let ident = names::type_ident(replica.name.as_str());
        Expr::Struct(uses.take("crate::generated", &ident), fields)
    }

    /// What the seeded decision emits.
    fn expected_value(
        &self,
        uses: &mut Uses,
        aggregate: &Aggregate,
        command: &Command,
        example: &Example,
    ) -> Expr {
        let mut values: Vec<Expr> = command
            .emits
            .iter()
            .map(|emission| match emission {
                Emission::Optional(event) if !super::seeded::must_tell(command, emission) => text(
                    format!("None::<{}>", self.types().own(uses, event.as_str())),
                ),
                Emission::Always(event) | Emission::Optional(event) => {
                    self.emitted_value(uses, (aggregate, command), example, event.as_str())
                }
                Emission::OneOf(events) => {
                    let choice = uses.take("crate::generated", &one_of(command));
                    let first = events.first().map_or("", |event| event.as_str());
                    let value = self.emitted_value(uses, (aggregate, command), example, first);
                    call(
                        format!("{choice}::{}", names::type_ident(first)),
                        vec![value],
                    )
                }
            })
            .collect();
        match values.len() {
            1 => values.remove(0),
            _ => Expr::Tuple(values),
        }
    }

    fn emitted_value(
        &self,
        uses: &mut Uses,
        (aggregate, command): (&Aggregate, &Command),
        example: &Example,
        event: &str,
    ) -> Expr {
        let trigger = Trigger {
            context: self.context.name.clone(),
            event: crate::model::TypeName::derived(event),
        };
        let members = self.emitted_example(aggregate, command, example, event);
        self.event_literal(uses, &trigger, &members)
    }

    /// An event of some context with these members.
    pub(super) fn event_literal(
        &self,
        uses: &mut Uses,
        trigger: &Trigger,
        members: &Members,
    ) -> Expr {
        let values = self.test_values(self.emitter(trigger));
        let ident = values.types.own(uses, trigger.event.as_str());
        let Some((context, event)) = self.triggering(trigger) else {
            return Expr::Struct(ident, Vec::new());
        };
        let aggregate = context.aggregates.get(&event.aggregate);
        let fields = event.fields.iter().filter_map(|(name, field)| {
            let given = members.get(name.as_str());
            let plain = given.unwrap_or(&Value::Null);
            let value = match field {
                EventField::Own(field) => values.field(uses, field, plain),
                EventField::Field => values.field(uses, aggregate?.fields.get(name)?, plain),
                EventField::Collection(entity) => {
                    values.entities(uses, aggregate?.entities.get(entity)?, given)
                }
            };
            Some((names::field_ident(name.as_str()), value))
        });
        let fields = fields.collect();
        Expr::Struct(ident, fields)
    }

    pub(super) fn test_values(&self, types: Types<'a>) -> Values<'a> {
        Values {
            system: self.system,
            types,
            spelling: Spelling::ForTests,
        }
    }
}

/// The name of the function that gives an aggregate.
pub(super) fn state_name(aggregate: &Aggregate) -> String {
    free(variable(aggregate.name.as_str()))
}

/// The name of a function in a test module.
pub(super) fn function_name(of: &str) -> String {
    free(names::method_ident(of))
}

/// The name itself, unless something else is called so.
fn free(name: String) -> String {
    match TAKEN.contains(&name.as_str()) {
        true => format!("{name}_"),
        false => name,
    }
}

/// The status to start from, where the initial one is none the command is allowed in.
fn other_status<'b>(aggregate: &Aggregate, command: &'b Command) -> Option<&'b str> {
    let from = &command.transition.as_ref()?.from;
    let initial = aggregate.states.first()?;
    match from.contains(&initial.name) {
        true => None,
        false => from.first().map(|status| status.as_str()),
    }
}

/// The value itself when it is short, else the variable it is bound to.
pub(super) fn bound(body: &mut String, name: &str, value: Expr) -> Expr {
    let short = match &value {
        Expr::Text(_) => true,
        Expr::Struct(_, fields) => fields.is_empty(),
        _ => false,
    };
    if short {
        return value;
    }
    let bound = layout::assign(8, &format!("let {name} ="), &value, ";");
    body.push_str(&bound);
    body.push('\n');
    text(name)
}

/// A test.
pub(super) fn test(name: &str, body: &str) -> String {
    format!("    #[test]\n    fn {name}() {{\n{body}    }}\n")
}

/// The module of a file's tests; it imports all that the file does.
pub(super) fn tests_module(uses: Uses, parent: &Uses, functions: &[String]) -> String {
    let uses = uses.without(parent).render_indented();
    format!(
        "#[cfg(test)]\nmod tests {{\n{uses}    use super::*;\n\n{}}}\n",
        functions.join("\n")
    )
}
