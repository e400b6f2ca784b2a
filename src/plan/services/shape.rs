//! The shape of what a service keeps and tells, part by part, each with a hash: what tells whether a database
//! was made for another description, before the first release. What is said for people, what is asked of new
//! values, and how rows are found are no parts of it, but for indexes, which come and go by themselves.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};

use crate::model::{
    Aggregate, Command, Content, Effect, Event, EventField, Field, Policy, Reference, Replica,
    Scalar, Type, TypeName,
};
use crate::plan::rust::names;
use crate::plan::view::Literal;

use super::tables::uniques;
use super::{Service, migrations};

/// A part of the shape.
#[derive(Debug, Serialize)]
pub(super) struct ShapePart {
    /// What it is: `event LoanApproved`.
    of: Literal,
    hash: Literal,
}

impl ShapePart {
    fn new(of: &str, what: &Value) -> Self {
        Self {
            of: Literal::text(of),
            hash: Literal::text(&names::short_hash(&what.to_string())),
        }
    }
}

impl Service<'_> {
    /// All parts of its shape.
    pub(super) fn shape(&self) -> Vec<ShapePart> {
        Shape(self).parts()
    }
}

/// Tells what a service keeps and tells.
struct Shape<'s, 'a>(&'s Service<'a>);

impl Shape<'_, '_> {
    fn parts(&self) -> Vec<ShapePart> {
        let context = self.0.context;
        let mut parts = vec![ShapePart::new("rows", &self.rows())];
        let aggregates = context.aggregates.values();
        parts.extend(aggregates.filter_map(|aggregate| {
            let published = self.published(aggregate)?;
            Some(ShapePart::new(
                &format!("snapshot {}", aggregate.name),
                &published,
            ))
        }));
        let events = context.events.values();
        parts.extend(events.filter_map(|event| {
            let told = self.told(event)?;
            Some(ShapePart::new(&format!("event {}", event.name), &told))
        }));
        let commands = context.commands.values();
        let sent = self.sent();
        let commands = commands.filter(|command| sent.contains(&command.name));
        parts.extend(commands.filter_map(|command| {
            let inputs = self.inputs(command)?;
            Some(ShapePart::new(
                &format!("command {}", command.name),
                &inputs,
            ))
        }));
        let indexes = migrations::indexes(self.0.system, context);
        let indexes = indexes.iter();
        parts.extend(indexes.map(|(name, over)| ShapePart::new(&format!("index {name}"), over)));
        parts
    }

    /// What is in the rows of its aggregates and replicas.
    fn rows(&self) -> Value {
        let aggregates = self.0.context.aggregates.values();
        let aggregates = aggregates.map(|aggregate| {
            let states = aggregate.states.iter().map(|state| state.name.as_str());
            json!({
                "name": aggregate.name.as_str(),
                "members": self.members(aggregate.members().map(|(name, it)| (name.as_str(), it))),
                "states": states.collect::<Vec<_>>(),
                "unique": uniques(aggregate),
                "shard": aggregate.shard_by.as_ref().map(|by| by.as_str()),
            })
        });
        let replicas = self.0.context.replicas.values();
        let replicas = replicas.map(|replica| self.copied(replica));
        json!({
            "aggregates": aggregates.collect::<Vec<_>>(),
            "replicas": replicas.collect::<Vec<_>>(),
        })
    }

    /// What a replica copies.
    fn copied(&self, replica: &Replica) -> Value {
        let source = self.0.system.contexts.get(&replica.context);
        let source = source.and_then(|context| context.aggregates.get(&replica.aggregate));
        let fields = replica.fields.iter().map(|copied| {
            let name = copied.name.as_str();
            let content = source.and_then(|source| source.member(name));
            json!([name, content.map(|content| self.content(content))])
        });
        json!([
            replica.name.as_str(),
            replica.context.as_str(),
            replica.aggregate.as_str(),
            fields.collect::<Vec<_>>()
        ])
    }

    /// What the snapshots of an aggregate carry: what some event does.
    fn published(&self, aggregate: &Aggregate) -> Option<Value> {
        let events = || self.0.events_of(aggregate);
        let is_carried = |name: &str| {
            let mut fields = events().filter_map(|event| event.fields.get(name));
            fields.any(|field| !matches!(field, EventField::Own(_)))
        };
        events().next()?;
        let members = aggregate.members().map(|(name, it)| (name.as_str(), it));
        Some(self.members(members.filter(|(name, _)| is_carried(name))))
    }

    /// What an event carries.
    fn told(&self, event: &Event) -> Option<Value> {
        let aggregate = self.0.context.aggregates.get(&event.aggregate)?;
        let members = event.members(aggregate);
        let members = self.members(members.map(|(name, it)| (name.as_str(), it)));
        Some(json!([aggregate.name.as_str(), event.version, members]))
    }

    /// The commands that its policies and effects send, which may wait for a while.
    fn sent(&self) -> BTreeSet<&TypeName> {
        let (policies, effects) = (
            self.0.context.policies.values(),
            self.0.context.effects.values(),
        );
        let policies = policies.map(|Policy { then, .. }| then);
        let effects = effects.flat_map(
            |Effect {
                 succeeded, failed, ..
             }| [succeeded, failed],
        );
        policies.chain(effects.flatten()).collect()
    }

    /// What a command takes.
    fn inputs(&self, command: &Command) -> Option<Value> {
        let aggregate = self.0.context.aggregates.get(&command.aggregate)?;
        let inputs = command.inputs(aggregate).map(|input| {
            let left_out = command.input.get(input.name);
            let left_out = left_out.is_some_and(|input| input.may_be_left_out());
            json!([input.name.as_str(), left_out, self.content(input.content)])
        });
        Some(json!([aggregate.name.as_str(), inputs.collect::<Vec<_>>()]))
    }

    fn members<'m>(&self, members: impl Iterator<Item = (&'m str, Content<'m>)>) -> Value {
        let members = members.map(|(name, content)| json!([name, self.content(content)]));
        members.collect()
    }

    fn content(&self, content: Content<'_>) -> Value {
        match content {
            Content::Field(field) => self.field(field),
            Content::Entities(entity) => {
                let fields = entity.fields.values();
                json!([
                    entity.name.as_str(),
                    fields.map(|it| self.named(it)).collect::<Vec<_>>()
                ])
            }
        }
    }

    fn named(&self, field: &Field) -> Value {
        json!([field.name.as_str(), self.field(field)])
    }

    /// What the values of a field are.
    fn field(&self, field: &Field) -> Value {
        json!({ "type": self.ty(&field.ty), "optional": field.optional, "list": field.list })
    }

    fn ty(&self, ty: &Type) -> Value {
        match ty {
            Type::Scalar(Scalar::Decimal(format)) => json!([format.precision, format.scale]),
            Type::Scalar(scalar) => json!(format!("{scalar:?}")),
            Type::Enum(path) => {
                let values = self.0.system.enum_type(path).map(|it| &it.values);
                json!({ "values": values })
            }
            Type::Value(path) => {
                let fields = self.0.system.value_type(path).into_iter();
                let fields = fields.flat_map(|it| it.fields.values());
                json!({ "fields": fields.map(|it| self.named(it)).collect::<Vec<_>>() })
            }
            // Where it is stored, a foreign key keeps it.
            Type::Reference(Reference::Local(to)) => json!({ "to": to.as_str() }),
            Type::Reference(_) => json!("Uuid"),
        }
    }
}
