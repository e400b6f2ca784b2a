//! What seeded tests start from and expect, in JSON forms: a state, a command, and what the seeded
//! decision makes of both.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::model::{
    Aggregate, Change, Command, Default, EventField, Field, Fill, Ident, InputSource, Policy,
    Presence, Source, Trigger, Type,
};
use crate::plan::sample;

use super::{Service, telling};

/// The time of commands in tests, as `platform_testing` has it.
const NOW: &str = "2026-01-31T12:00:00Z";
/// Its date.
const TODAY: &str = "2026-01-31";
/// The number of the examples that are there before a command.
pub(super) const BEFORE: u32 = 1;
/// The number of the examples that a command brings, so that a change shows.
pub(super) const BROUGHT: u32 = 2;

/// Members in their JSON forms.
pub(super) type Members = Map<String, Value>;

/// What a test of a command starts from, and what the command brings.
pub(super) struct Example {
    /// The aggregate before.
    pub state: Members,
    /// The input.
    pub input: Members,
}

impl Service<'_> {
    /// An aggregate before a command: without what it may lack.
    pub(super) fn state_example(&self, aggregate: &Aggregate) -> Members {
        let mut members = Map::new();
        for field in aggregate.fields.values() {
            let value = match field.optional {
                true => Value::Null,
                false => sample::field(self.system, field, BEFORE),
            };
            members.insert(field.name.to_string(), value);
        }
        for entity in aggregate.entities.values() {
            let value = json!([sample::entity(self.system, entity, BEFORE)]);
            members.insert(entity.collection.to_string(), value);
        }
        members
    }

    /// The same in its JSON form, with the ids that tests write.
    pub(super) fn state_json(&self, aggregate: &Aggregate) -> Value {
        let mut members = self.state_example(aggregate);
        members.retain(|_, value| !value.is_null());
        self.put_test_ids(&aggregate.fields, &mut members);
        for entity in aggregate.entities.values() {
            let elements = members.get_mut(entity.collection.as_str());
            let elements = elements.and_then(Value::as_array_mut);
            for element in elements.into_iter().flatten() {
                if let Some(members) = element.as_object_mut() {
                    self.put_test_ids(&entity.fields, members);
                    members.get_mut("id").map(put_test_id);
                }
            }
        }
        Value::Object(members)
    }

    pub(super) fn put_test_ids(&self, fields: &IndexMap<Ident, Field>, members: &mut Members) {
        for field in fields.values() {
            let Some(value) = members.get_mut(field.name.as_str()) else {
                continue;
            };
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
    }

    /// A command that brings all that it may, to an aggregate without what it may lack.
    pub(super) fn full_example(&self, aggregate: &Aggregate, command: &Command) -> Example {
        Example {
            state: self.state_example(aggregate),
            input: self.input_example(aggregate, command),
        }
    }

    /// An update that leaves out what it may, or says `null` to what it may clear, of an aggregate
    /// that has all of that.
    pub(super) fn patch_example(
        &self,
        aggregate: &Aggregate,
        command: &Command,
        clears: bool,
    ) -> Example {
        let mut example = self.full_example(aggregate, command);
        for input in command.input.values() {
            let name = input.name.as_str();
            match command.presence(aggregate, input) {
                Presence::Clearable if clears => {
                    example.input.insert(name.to_owned(), Value::Null);
                }
                Presence::Clearable | Presence::Kept if !clears => {
                    example.input.remove(name);
                }
                _ => {}
            }
        }
        let clearable = command.clearable(aggregate);
        let had = clearable.map(|field| {
            let value = sample::field(self.system, field, BEFORE);
            (field.name.to_string(), value)
        });
        example.state.extend(had);
        example
    }

    /// The input of a command.
    fn input_example(&self, aggregate: &Aggregate, command: &Command) -> Members {
        let number = match command.change {
            Change::Creates => BEFORE,
            Change::Updates | Change::Deletes => BROUGHT,
        };
        match sample::command(self.system, aggregate, command, number) {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    /// The aggregate as the seeded decision leaves it.
    fn after_example(
        &self,
        aggregate: &Aggregate,
        command: &Command,
        example: &Example,
    ) -> Members {
        let mut after = match command.change {
            Change::Creates => self.created_example(aggregate),
            Change::Updates | Change::Deletes => example.state.clone(),
        };
        for input in command.input.values() {
            let own = matches!(input.source, InputSource::Own(_));
            if let Some(value) = example.input.get(input.name.as_str()).filter(|_| !own) {
                after.insert(input.name.to_string(), value.clone());
            }
        }
        after
    }

    /// A new aggregate of whose members nobody gives any.
    fn created_example(&self, aggregate: &Aggregate) -> Members {
        let mut members = Map::new();
        for field in aggregate.fields.values() {
            let value = match &field.default {
                Some(Default::Constant(value)) => value.clone(),
                Some(Default::Now) => json!(NOW),
                Some(Default::Today) => json!(TODAY),
                None if field.list && !field.optional => json!([]),
                None => Value::Null,
            };
            members.insert(field.name.to_string(), value);
        }
        for entity in aggregate.entities.values() {
            members.insert(entity.collection.to_string(), json!([]));
        }
        members
    }

    /// An event that the seeded decision emits.
    pub(super) fn emitted_example(
        &self,
        aggregate: &Aggregate,
        command: &Command,
        example: &Example,
        event: &str,
    ) -> Members {
        let after = self.after_example(aggregate, command, example);
        let mut members = Map::new();
        let Some(event) = self.context.events.get(event) else {
            return members;
        };
        for (name, field) in &event.fields {
            let value = match field {
                EventField::Own(field) => match telling(command, field) {
                    Some(_) => example
                        .input
                        .get(name.as_str())
                        .cloned()
                        .unwrap_or_default(),
                    None => self.missing_example(field),
                },
                _ => after.get(name.as_str()).cloned().unwrap_or_default(),
            };
            members.insert(name.to_string(), value);
        }
        members
    }

    /// What a seeded decision says where no input tells a field of its event.
    fn missing_example(&self, field: &Field) -> Value {
        match (field.optional, field.list) {
            (true, _) => Value::Null,
            (false, true) => json!([]),
            (false, false) => sample::field(self.system, field, BEFORE),
        }
    }

    /// An event that sets a handler off.
    pub(super) fn event_example(&self, trigger: &Trigger, number: u32) -> Members {
        let mut members = Map::new();
        let Some((context, event)) = self.triggering(trigger) else {
            return members;
        };
        let aggregate = context.aggregates.get(&event.aggregate);
        for (name, field) in &event.fields {
            let value = match field {
                EventField::Own(field) => Some(sample::field(self.system, field, number)),
                EventField::Field => aggregate
                    .and_then(|aggregate| aggregate.fields.get(name))
                    .map(|field| sample::field(self.system, field, number)),
                EventField::Collection(entity) => aggregate
                    .and_then(|aggregate| aggregate.entities.get(entity))
                    .map(|entity| json!([sample::entity(self.system, entity, number)])),
            };
            members.insert(name.to_string(), value.unwrap_or_default());
        }
        members
    }

    /// What a policy takes from the example of its event.
    pub(super) fn taken_example(&self, policy: &Policy, fill: &Fill) -> Value {
        let event = self.event_example(&policy.trigger, BEFORE);
        let each = policy.each.as_ref().map(Ident::as_str);
        taken(&event, &sample::uuid("event", BEFORE), each, fill)
    }
}

/// Puts the id that `platform_testing::id` gives for the number of an example's.
fn put_test_id(id: &mut Value) {
    let number = id.as_str().and_then(sample::number_of).unwrap_or(1);
    *id = json!(format!("00000000-0000-7000-8000-{number:012x}"));
}

/// What a handler takes from the data of an event of the aggregate `id`, or from the first element
/// of its list `each`.
pub(super) fn taken(event: &Members, id: &str, each: Option<&str>, fill: &Fill) -> Value {
    let element = each
        .and_then(|each| event.get(each))
        .and_then(|list| list.get(0));
    let taken = match &fill.source {
        Source::EventField(name) => event.get(name.as_str()).cloned(),
        Source::Element => element.cloned(),
        Source::ElementField(name) => {
            element.and_then(|element| element.get(name.as_str()).cloned())
        }
        _ => Some(json!(id)),
    };
    taken.unwrap_or_default()
}
