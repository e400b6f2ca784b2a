//! The values that seeded tests are written with: aggregates, commands, what these need, and events.

use serde_json::Value;

use super::examples::{Example, Members};
use super::{Service, one_of};
use crate::model::{
    Aggregate, Change, Command, Emission, EventField, Field, InputSource, Need, NeedKind, Replica,
    Trigger, derived,
};
use crate::plan::expr::{Expr, call, text};
use crate::plan::names;
use crate::plan::types::{Place, Types};
use crate::plan::uses::Uses;
use crate::plan::value::{Spelling, Values};

impl<'a> Service<'a> {
    /// An aggregate as a creation would make it; in its JSON form when nothing creates one.
    pub(super) fn state_value(&self, uses: &mut Uses, aggregate: &Aggregate) -> (String, Expr) {
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

    pub(super) fn needs_value(&self, uses: &mut Uses, command: &Command) -> Expr {
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
    pub(super) fn expected_value(
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
