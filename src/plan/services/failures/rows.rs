//! Aggregates of the service that have to be there before: what commands are on, and what these
//! refer to.

use serde_json::{Value, json};

use crate::model::{Aggregate, Command, Default, Field, InputSource, Reference, Type, TypeName};
use crate::plan::sample;

use super::kind;
use super::statuses::Wishes;
use super::values::{is_unused, there};
use crate::plan::sample::Members;
use crate::plan::services::Service;
use crate::plan::services::tables::uniques;

/// How many aggregates may refer to one another: enough for any system, and an end to circles.
const DEPTH: usize = 6;

/// A row that is asked for.
pub(super) struct Wanted<'a> {
    /// The kind of aggregate.
    pub aggregate: &'a TypeName,
    /// Its id; absent: any.
    pub id: Option<String>,
    /// Members that have to have these values.
    pub members: Vec<(&'a str, Value)>,
    /// The status it has to be in; absent: the initial one.
    pub status: Option<String>,
    /// The number that tells it from others.
    pub number: u32,
}

/// The rows so far.
#[derive(Clone)]
pub(super) struct Rows<'a> {
    service: &'a Service<'a>,
    rows: Vec<Value>,
    /// Every aggregate that is there or will be made, for unique constraints.
    known: Vec<(TypeName, Members)>,
    /// The statuses that decisions find.
    pub wishes: Wishes,
}

impl<'a> Rows<'a> {
    pub fn new(service: &'a Service<'a>) -> Self {
        Self {
            service,
            rows: Vec::new(),
            known: Vec::new(),
            wishes: Wishes::default(),
        }
    }

    /// All of them, those that others refer to first.
    pub fn all(&self) -> &[Value] {
        &self.rows
    }

    /// Puts a row; whether that is possible.
    pub fn put(&mut self, wanted: Wanted<'_>) -> bool {
        self.put_at(wanted, 0)
    }

    fn put_at(&mut self, wanted: Wanted<'_>, depth: usize) -> bool {
        let service = self.service;
        let Some(aggregate) = service.context.aggregates.get(wanted.aggregate) else {
            return false;
        };
        let of = format!("{:?}", Reference::Local(aggregate.name.clone()));
        let id = wanted
            .id
            .unwrap_or_else(|| sample::uuid(&of, wanted.number));
        if self.has(aggregate, &id) {
            return true;
        }
        let mut members = self.members(aggregate, wanted.number);
        if let Some(first) = aggregate.states.first() {
            let wished = || self.wishes.of(&id).map(str::to_owned);
            let status = wanted.status.or_else(wished);
            let status = status.unwrap_or_else(|| first.name.to_string());
            members.insert("status".to_owned(), json!(status));
        }
        for (name, value) in wanted.members.into_iter().filter(|(name, _)| *name != "id") {
            members.insert(name.to_owned(), value);
        }
        if !self.is_free(aggregate, &members) || !self.put_referred(aggregate, &members, depth) {
            return false;
        }
        self.known.push((aggregate.name.clone(), members.clone()));
        self.rows.push(json!({
            "aggregate": kind(aggregate.name.as_str()),
            "id": id,
            "members": members,
        }));
        true
    }

    fn has(&self, aggregate: &Aggregate, id: &str) -> bool {
        let name = kind(aggregate.name.as_str());
        let mut rows = self.rows.iter();
        rows.any(|row| row["aggregate"] == name && row["id"] == id)
    }

    /// The members of an aggregate that is there.
    pub fn members(&self, aggregate: &Aggregate, number: u32) -> Members {
        let service = self.service;
        let mut members = sample::aggregate(service.system, aggregate, number);
        service.make_sense(aggregate, &mut members, number, |name| {
            there(service, aggregate, name, number)
        });
        if is_unused(number) {
            for field in aggregate
                .fields
                .values()
                .filter(|field| service.counts(field))
            {
                if let Some(Default::Constant(value)) = &field.default {
                    members.insert(field.name.to_string(), value.clone());
                }
            }
        }
        members
    }

    /// Notes an aggregate that will be made with these members; whether unique constraints let it.
    pub fn claim(&mut self, aggregate: &Aggregate, members: Members) -> bool {
        let free = self.is_free(aggregate, &members);
        if free {
            self.known.push((aggregate.name.clone(), members));
        }
        free
    }

    fn is_free(&self, aggregate: &Aggregate, members: &Members) -> bool {
        let value = |of: &Members, name: &str| of.get(name).cloned().unwrap_or_default();
        uniques(aggregate).iter().all(|(_, names)| {
            let mut known = self
                .known
                .iter()
                .filter(|(name, _)| *name == aggregate.name);
            let taken = known.any(|(_, known)| {
                let mut names = names.iter();
                names.all(|name| value(known, name) == value(members, name))
            });
            !taken || names.iter().any(|name| value(members, name).is_null())
        })
    }

    /// Whether a search by these members finds none of those that are there or will be made.
    pub fn is_found_by_nobody(&self, aggregate: &Aggregate, by: &[(&str, Value)]) -> bool {
        let mut known = self
            .known
            .iter()
            .filter(|(name, _)| *name == aggregate.name);
        !known.any(|(_, members)| {
            let mut by = by.iter();
            by.all(|(name, value)| members.get(*name) == Some(value))
        })
    }

    /// Puts the aggregates that the own inputs of a command refer to; whether that is possible.
    pub fn put_named(&mut self, command: &Command, input: &Members) -> bool {
        command.input.values().all(|one| match &one.source {
            InputSource::Own(field) => {
                let value = input.get(one.name.as_str());
                let wanted = value.into_iter().flat_map(|value| refers(field, value));
                let wanted: Vec<_> = wanted.collect();
                self.put_each(&wanted, 0)
            }
            _ => true,
        })
    }

    /// Puts the aggregates that members refer to; whether that is possible.
    pub fn put_referred(&mut self, aggregate: &Aggregate, members: &Members, depth: usize) -> bool {
        let mut wanted = Vec::new();
        for field in aggregate.fields.values() {
            let value = members.get(field.name.as_str());
            wanted.extend(value.into_iter().flat_map(|value| refers(field, value)));
        }
        for entity in aggregate.entities.values() {
            let elements = members.get(entity.collection.as_str());
            for element in elements.and_then(Value::as_array).into_iter().flatten() {
                for field in entity.fields.values() {
                    wanted.extend(refers(field, &element[field.name.as_str()]));
                }
            }
        }
        self.put_each(&wanted, depth)
    }

    fn put_each(&mut self, wanted: &[(TypeName, String)], depth: usize) -> bool {
        wanted.iter().all(|(name, id)| {
            let number = sample::number_of(id).unwrap_or(0);
            depth < DEPTH
                && self.put_at(
                    Wanted {
                        aggregate: name,
                        id: Some(id.clone()),
                        members: Vec::new(),
                        status: None,
                        number,
                    },
                    depth + 1,
                )
        })
    }
}

/// The aggregates of the service that a field refers to.
fn refers(field: &Field, value: &Value) -> Vec<(TypeName, String)> {
    match &field.ty {
        Type::Reference(Reference::Local(name)) => ids(value)
            .into_iter()
            .map(|id| (name.clone(), id))
            .collect(),
        _ => Vec::new(),
    }
}

fn ids(value: &Value) -> Vec<String> {
    match value {
        Value::String(id) => vec![id.clone()],
        Value::Array(several) => several.iter().flat_map(ids).collect(),
        _ => Vec::new(),
    }
}
