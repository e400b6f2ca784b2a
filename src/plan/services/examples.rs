//! What seeded tests start from and expect, in JSON forms: a state, a command, and what the seeded
//! decision makes of both.

use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::model::{
    Aggregate, Change, Command, Content, Default, Emission, EventField, Field, Fill, Ident,
    InputSource, Policy, Presence, Source, Trigger, Type, TypeName,
};
use crate::plan::sample::{self, Members};

use super::Service;

/// The time of commands in tests, as `platform_testing` has it.
const NOW: &str = "2026-01-31T12:00:00Z";
/// Its date.
const TODAY: &str = "2026-01-31";
/// The number of the examples that are there before a command.
pub(crate) const BEFORE: u32 = 1;
/// The number of the examples that a command brings, so that a change shows.
const BROUGHT: u32 = 2;

/// What a test of a command starts from, and what the command brings.
pub(crate) struct Example {
    /// The aggregate before.
    pub state: Members,
    /// The input.
    pub input: Members,
}

impl Service<'_> {
    /// An aggregate before a command: without what it may lack.
    pub(crate) fn state_example(&self, aggregate: &Aggregate) -> Members {
        sample::aggregate(self.system, aggregate, BEFORE)
    }

    /// The same examples with the ids that tests write.
    fn put_test_ids(&self, fields: &IndexMap<Ident, Field>, members: &mut Members) {
        for field in fields.values() {
            let Some(value) = members.get_mut(field.name.as_str()) else {
                continue;
            };
            self.put_test_ids_of(field, value);
        }
    }

    fn put_test_ids_of(&self, field: &Field, value: &mut Value) {
        let values = match value {
            Value::Array(elements) if field.list => elements.iter_mut().collect(),
            value => vec![value],
        };
        for value in values {
            match &field.ty {
                Type::Reference(_) => put_test_id(value),
                Type::Value(path) => {
                    let declared = self.system.value_type(path);
                    if let (Some(ty), Some(members)) = (declared, value.as_object_mut()) {
                        self.put_test_ids(&ty.fields, members);
                    }
                }
                Type::Scalar(_) | Type::Enum(_) => {}
            }
        }
    }

    /// What a seeded decision puts where it has to work something out, with the ids that tests write.
    pub(crate) fn placeholder(&self, content: Content<'_>) -> Value {
        match content {
            Content::Field(field) if !field.may_be_empty() => {
                let mut value = sample::field(self.system, field, BEFORE);
                self.put_test_ids_of(field, &mut value);
                value
            }
            _ => json!([]),
        }
    }

    /// What a seeded decision works out for its aggregate.
    pub(crate) fn worked_out_example(&self, aggregate: &Aggregate, command: &Command) -> Members {
        let certain = self.certain_and_set(command).into_iter();
        let certain = certain.map(|field| (&field.name, Content::Field(field)));
        let members = command.worked_out(aggregate).chain(certain);
        let members = members.map(|(name, it)| (name.to_string(), self.placeholder(it)));
        members.collect()
    }

    /// A command that brings all that it may, to an aggregate without what it may lack.
    pub(crate) fn full_example(&self, aggregate: &Aggregate, command: &Command) -> Example {
        let number = match command.change {
            Change::Creates => BEFORE,
            Change::Updates | Change::Deletes => BROUGHT,
        };
        Example {
            state: self.state_example(aggregate),
            input: sample::command(self.system, aggregate, command, number),
        }
    }

    /// An update that leaves out what it may, or says `null` to what it may clear, of an aggregate
    /// that has all of that.
    pub(crate) fn patch_example(
        &self,
        aggregate: &Aggregate,
        command: &Command,
        clears: bool,
    ) -> Example {
        let mut example = self.full_example(aggregate, command);
        for input in command.inputs(aggregate) {
            match input.presence {
                Presence::Clearable if clears => {
                    example.input.insert(input.name.to_string(), Value::Null);
                }
                Presence::Clearable | Presence::Kept if !clears => {
                    example.input.remove(input.name.as_str());
                }
                _ => {}
            }
        }
        let had = command.clearable(aggregate).map(|field| {
            let value = sample::field(self.system, field, BEFORE);
            (field.name.to_string(), value)
        });
        example.state.extend(had);
        example
    }

    /// The aggregate as the seeded decision leaves it.
    fn after_example(
        &self,
        aggregate: &Aggregate,
        command: &Command,
        example: &Example,
    ) -> Members {
        let mut after = match command.change {
            Change::Creates => created_example(aggregate),
            Change::Updates | Change::Deletes => example.state.clone(),
        };
        after.extend(self.worked_out_example(aggregate, command));
        for input in command.inputs(aggregate).filter(|input| !input.own) {
            if let Some(value) = example.input.get(input.name.as_str()) {
                after.insert(input.name.to_string(), value.clone());
            }
        }
        after
    }

    /// An event that the seeded decision emits.
    pub(crate) fn emitted_example(
        &self,
        aggregate: &Aggregate,
        command: &Command,
        example: &Example,
        event: &str,
    ) -> Members {
        let after = self.after_example(aggregate, command, example);
        let value = |of: &Members, name: &Ident| of.get(name.as_str()).cloned();
        let fields = self.context.events[event].fields.iter();
        let members = fields.map(|(name, field)| {
            let value = match field {
                EventField::Own(field) if command.source_of(field).is_none() => {
                    Some(self.missing_example(field))
                }
                EventField::Certain(field) if !command.brings(name) => {
                    Some(self.placeholder(Content::Field(field)))
                }
                EventField::Own(_) => value(&example.input, name),
                EventField::Field | EventField::Certain(_) | EventField::Collection(_) => {
                    value(&after, name)
                }
            };
            (name.to_string(), value.unwrap_or_default())
        });
        members.collect()
    }

    /// What a seeded decision says where no input gives a field of its event.
    fn missing_example(&self, field: &Field) -> Value {
        match field.optional {
            true => Value::Null,
            false => self.placeholder(Content::Field(field)),
        }
    }

    /// An event with all that it may carry.
    pub(crate) fn event_example(&self, trigger: &Trigger, number: u32) -> Members {
        let (context, event) = self.triggering(trigger);
        let aggregate = &context.aggregates[&event.aggregate];
        sample::event(self.system, aggregate, event, number)
    }

    /// What a policy takes from the example of its event.
    pub(crate) fn value_example(&self, policy: &Policy, fill: &Fill) -> Value {
        let event = self.event_example(&policy.trigger, BEFORE);
        taken(
            &event,
            &sample::uuid("event", BEFORE),
            policy.each.as_deref(),
            fill,
        )
    }
}

/// The event that a seeded decision emits at a place of `emits`. An optional one it emits where it takes
/// input, which changes the aggregate, and nothing else would tell of that.
pub(crate) fn emitted<'c>(command: &'c Command, emission: &'c Emission) -> Option<&'c TypeName> {
    let is_optional = |emission: &Emission| matches!(emission, Emission::Optional(_));
    let mut inputs = command.input.values();
    let is_only_news = command.emits.first() == Some(emission)
        && command.emits.iter().all(is_optional)
        && inputs.any(|input| !matches!(input.source, InputSource::Own(_)));
    match emission {
        Emission::Always(event) => Some(event),
        Emission::Optional(event) => is_only_news.then_some(event),
        Emission::OneOf(events) => events.first(),
    }
}

/// What stands for what nobody gives.
pub(crate) fn default_example(default: &Default) -> Value {
    match default {
        Default::Constant(value) => value.clone(),
        Default::Now => json!(NOW),
        Default::Today => json!(TODAY),
    }
}

/// A new aggregate of whose members nobody gives any.
fn created_example(aggregate: &Aggregate) -> Members {
    let members = aggregate.members().map(|(name, content)| {
        let default = content.field().and_then(|field| field.default.as_ref());
        let value = match (default, content) {
            (Some(default), _) => default_example(default),
            (None, Content::Field(field)) if field.optional || !field.list => Value::Null,
            (None, _) => json!([]),
        };
        (name.to_string(), value)
    });
    members.collect()
}

/// Puts the id that `platform_testing::id` gives for the number of an example's.
fn put_test_id(id: &mut Value) {
    let number = id.as_str().and_then(sample::number_of).unwrap_or(1);
    *id = json!(format!("00000000-0000-7000-8000-{number:012x}"));
}

/// What a handler takes from the data of an event of the aggregate `id`, or from the first element
/// of its list `each`.
pub(crate) fn taken(event: &Members, id: &str, each: Option<&str>, fill: &Fill) -> Value {
    let list = each.and_then(|each| event.get(each));
    let element = list.and_then(|list| list.get(0));
    let taken = match &fill.source {
        Source::EventField(name) => event.get(name.as_str()).cloned(),
        Source::Element => element.cloned(),
        Source::ElementField(name) => element.and_then(|it| it.get(name.as_str()).cloned()),
        _ => Some(json!(id)),
    };
    taken.unwrap_or_default()
}
