//! What has to be there: the requests that make it, each with ids of what was made before.

use serde_json::Value;

use crate::model::{Aggregate, Change, Command, Context, Field, InputSource, Reference, Type};
use crate::plan::docs::curl;
use crate::plan::docs::curl::{Made, Request};
use crate::plan::sample;
use crate::plan::services::Service;

use super::{DEPTH, Walkthrough, key, path};

/// What a reference in a body can be.
enum Referred {
    /// The id in this variable.
    Made(String),
    /// Any id: nobody looks.
    Anything,
    /// Nothing that is there.
    Impossible,
}

impl<'a> Walkthrough<'a> {
    /// Adds the requests that carry out a creating command and what has to be there before; whether
    /// that is possible.
    pub(super) fn create(
        &mut self,
        context: &'a Context,
        command: &'a Command,
        depth: usize,
    ) -> bool {
        let Some(aggregate) = context.aggregates.get(&command.aggregate) else {
            return false;
        };
        if self.works_out_references(context, aggregate, command) {
            return false;
        }
        let (Some(path), Some(port)) = (path(context, command), self.system.port(context)) else {
            return false;
        };
        let Some(body) = self.body(context, aggregate, command, (depth, 1)) else {
            return false;
        };
        let variable = self.variable(context, aggregate);
        let number = self.making.len() + 1;
        let url = format!("http://127.0.0.1:{port}{path}");
        let request = Request::create(&variable, &url, &format!("first-{number}"), &body);
        self.making.push((context, command, request));
        let members = body.as_object().cloned().unwrap_or_default();
        let made = Made { variable, members };
        self.made
            .insert(key(context, aggregate.name.as_str()), made);
        true
    }

    /// Whether the seeded decision refers to aggregates of the context, of which it knows none.
    pub(super) fn works_out_references(
        &self,
        context: &Context,
        aggregate: &Aggregate,
        command: &Command,
    ) -> bool {
        let service = Service {
            system: self.system,
            context,
        };
        let mut references = Vec::new();
        let fields = command.worked_out(aggregate);
        let fields = fields.filter_map(|(_, content)| content.field());
        for field in fields.chain(service.certain_and_set(command)) {
            self.references(field, &mut references);
        }
        let mut references = references.iter();
        references.any(|it| matches!(it, Reference::Local(_)))
    }

    /// The variable of an aggregate; the context's name is in it when another's has the same.
    fn variable(&self, context: &Context, aggregate: &Aggregate) -> String {
        let name = curl::variable(aggregate.name.as_str());
        match self.made.values().any(|made| made.variable == name) {
            true => curl::variable(&format!("{}_{}", context.name, aggregate.name)),
            false => name,
        }
    }

    /// The example of what a command has to be sent, with ids of aggregates that were made.
    pub(super) fn body(
        &mut self,
        context: &'a Context,
        aggregate: &'a Aggregate,
        command: &'a Command,
        (depth, number): (usize, u32),
    ) -> Option<Value> {
        let mut members = sample::request(self.system, aggregate, command, number);
        let mut references = Vec::new();
        for input in command.input.values() {
            let fields: Vec<&Field> = match &input.source {
                InputSource::Field => aggregate.fields.get(&input.name).into_iter().collect(),
                InputSource::Own(field) => vec![field.as_ref()],
                InputSource::Collection(of) => {
                    aggregate.entities.get(of)?.fields.values().collect()
                }
            };
            if input.may_be_left_out() && !matches!(input.source, InputSource::Collection(_)) {
                members.remove(input.name.as_str());
                continue;
            }
            for field in fields {
                self.references(field, &mut references);
            }
        }
        let mut text = Value::Object(members).to_string();
        for reference in references {
            let example = sample::uuid(&format!("{reference:?}"), number);
            match self.referred(context, &reference, depth) {
                Referred::Made(variable) => {
                    text = text.replace(&example, &curl::placeholder(&variable));
                }
                Referred::Anything => {}
                Referred::Impossible => return None,
            }
        }
        serde_json::from_str(&text).ok()
    }

    /// What a field refers to, in value objects too.
    fn references(&self, field: &Field, references: &mut Vec<Reference>) {
        match &field.ty {
            Type::Reference(reference) => references.push(reference.clone()),
            Type::Value(path) => {
                let fields = self.system.value_type(path).into_iter();
                for field in fields.flat_map(|ty| ty.fields.values()) {
                    self.references(field, references);
                }
            }
            Type::Scalar(_) | Type::Enum(_) => {}
        }
    }

    /// Makes what is referred to, unless it was made.
    fn referred(&mut self, context: &'a Context, reference: &Reference, depth: usize) -> Referred {
        let (owner, aggregate, local) = match reference {
            Reference::Local(aggregate) => (Some(context), aggregate, true),
            Reference::Foreign(owner, aggregate) => {
                (self.system.contexts.get(owner), aggregate, false)
            }
            Reference::Entity { .. } => return Referred::Impossible,
        };
        let made = owner.is_some_and(|owner| {
            let done = self.made.contains_key(&key(owner, aggregate.as_str()));
            done || (depth < DEPTH && self.make(owner, aggregate.as_str(), depth + 1))
        });
        match (owner, made) {
            (Some(owner), true) => {
                let made = &self.made[&key(owner, aggregate.as_str())];
                Referred::Made(made.variable.clone())
            }
            (_, _) if local => Referred::Impossible,
            (_, _) => Referred::Anything,
        }
    }

    /// Makes an aggregate by the first command that can.
    fn make(&mut self, owner: &'a Context, aggregate: &str, depth: usize) -> bool {
        let commands = owner.commands.values();
        let mut creating = commands.filter(|command| {
            command.change == Change::Creates && command.aggregate.as_str() == aggregate
        });
        creating.any(|command| {
            let before = (self.making.len(), self.made.clone());
            let done = self.create(owner, command, depth);
            if !done {
                self.making.truncate(before.0);
                self.made = before.1;
            }
            done
        })
    }
}
