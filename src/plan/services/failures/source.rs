//! An aggregate of another context, and what it goes through.

use serde_json::{Value, json};

use crate::model::{Aggregate, Context, Reference};
use crate::plan::sample;

use crate::plan::sample::Members;

/// How many examples of values one aggregate has.
const VALUES: u32 = 16;

/// An aggregate of another context, and what has happened to it so far.
pub(super) struct Source<'a> {
    pub context: &'a Context,
    pub aggregate: &'a Aggregate,
    pub number: u32,
    /// The number of what its next event refers to.
    pub refers_to: u32,
    pub id: String,
    /// The status it has come to.
    pub status: Option<&'a str>,
    pub events: Vec<Value>,
}

impl<'a> Source<'a> {
    /// One to which nothing has happened.
    pub fn new(context: &'a Context, aggregate: &'a Aggregate, number: u32) -> Self {
        let reference = Reference::Foreign(context.name.clone(), aggregate.name.clone());
        Self {
            context,
            aggregate,
            number,
            refers_to: number,
            id: sample::uuid(&format!("{reference:?}"), number),
            status: None,
            events: Vec::new(),
        }
    }

    /// The number of the values of its next event.
    pub fn value(&self) -> u32 {
        let place = u32::try_from(self.events.len()).unwrap_or_default();
        self.number * VALUES + place
    }

    /// Gives what the data of its next event refers to the number for that.
    pub fn refer(&self, data: &mut Members) {
        for member in data.values_mut() {
            refer(member, self.value(), self.refers_to);
        }
    }

    /// Adds an event, which leaves the aggregate in this status; `None`: in the one it is in.
    pub fn push(
        &mut self,
        (kind, version): (String, u32),
        change: &str,
        leaves: Option<&'a str>,
        mut data: Members,
    ) {
        let first = self
            .aggregate
            .states
            .first()
            .map(|state| state.name.as_str());
        self.status = leaves.or(self.status).or(first);
        if let Some(status) = self.status {
            data.insert("status".to_owned(), json!(status));
        }
        self.events.push(json!({
            "type": kind,
            "version": version,
            "change": change,
            "data": data,
        }));
    }
}

/// Gives the examples of ids with the number `from` the number `to`.
fn refer(value: &mut Value, from: u32, to: u32) {
    match value {
        Value::String(text) => {
            let ending = format!("-{from:012x}");
            if text.len() == 36
                && let Some(start) = text.strip_suffix(&ending)
            {
                *text = format!("{start}-{to:012x}");
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|one| refer(one, from, to)),
        Value::Object(members) => members.values_mut().for_each(|one| refer(one, from, to)),
        _ => {}
    }
}
