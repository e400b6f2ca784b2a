//! Aggregates as the user's decisions see them.

use serde::Serialize;

use crate::model::{Aggregate, Change, Command, Default, Entity, Field, InputSource, derived};
use crate::plan::members;
use crate::plan::names;
use crate::plan::spoken::{aggregate_doc, command_doc, titled};
use crate::plan::uses::Uses;
use crate::plan::view::{Doc, FieldValue, Member, Name, TypeRef};

use super::decision::Decision;
use super::events::{Choice, MadeEvent};
use super::needs::Needs;
use super::{Service, mentions};

/// `services/__context__/src/generated/aggregates/__aggregate__.rs`.
#[derive(Debug, Serialize)]
pub struct AggregateFile<'a> {
    /// The aggregate's name in the description.
    name: &'a str,
    /// What the description says of it.
    doc: Doc,
    /// The type of its state: `Loan`.
    state: Name,
    /// What variables of it are called: `loan`.
    variable: Name,
    /// The type of its id.
    id: TypeRef,
    /// The type of its status; `None` for one without states.
    status: Option<TypeRef>,
    /// Its fields and lists of entities.
    members: Vec<Member>,
    /// What is about to be created; `None` where no command does that.
    new: Option<NewView>,
    /// The events that are made from it.
    events: Vec<MadeEvent>,
    /// The trait of the decisions about it.
    decisions: Name,
    commands: Vec<DecidedCommand<'a>>,
}

/// An aggregate that is about to be created.
#[derive(Debug, Serialize)]
struct NewView {
    /// Its type: `NewLoan`.
    #[serde(rename = "type")]
    ty: Name,
    /// What it will be: `A loan`.
    title: String,
    /// Its fields and lists of entities.
    members: Vec<Member>,
    /// The commands that create it.
    creations: Vec<Creation>,
}

/// A command as what it creates.
#[derive(Debug, Serialize)]
struct Creation {
    /// The type of the command.
    command: TypeRef,
    /// Whether some value comes from the command.
    reads_command: bool,
    /// Whether some value is the time of the command.
    reads_context: bool,
    /// Whether the time of a command is needed where one is created.
    timed: bool,
    fields: Vec<FieldValue>,
}

/// A command that the service decides about.
#[derive(Debug, Serialize)]
struct DecidedCommand<'a> {
    /// Its name in the description.
    name: &'a str,
    /// What the description says of it.
    doc: Doc,
    /// The names of its refusals.
    refusals: Vec<&'a str>,
    decision: Decision,
    /// What its decision may look at, if that is more than the aggregate.
    needs: Option<Needs>,
    /// The events it emits exactly one of, if it does.
    choice: Option<Choice<'a>>,
}

impl<'a> Service<'a> {
    /// An aggregate: its state, what is new of it, and the trait of its decisions.
    pub fn state(&self, aggregate: &'a Aggregate) -> AggregateFile<'a> {
        let name = aggregate.name.as_str();
        let has_status = !aggregate.states.is_empty();
        let commands = self.commands_of(aggregate);
        AggregateFile {
            name,
            doc: Doc::of(&aggregate_doc(aggregate)),
            state: Name::of_type(name),
            variable: Name::of_variable(name),
            id: self.own(&derived::id(name)),
            status: has_status.then(|| self.own(&derived::status(name))),
            members: self.members(aggregate).map(Member::from).collect(),
            new: self.new_aggregate(aggregate),
            events: self.made_events(aggregate),
            decisions: Name::of_type(&derived::decisions(name)),
            commands: commands
                .map(|command| self.decided(aggregate, command))
                .collect(),
        }
    }

    fn decided(&self, aggregate: &Aggregate, command: &'a Command) -> DecidedCommand<'a> {
        let refusals = command.refuses.iter();
        DecidedCommand {
            name: command.name.as_str(),
            doc: Doc::of(&command_doc(command)),
            refusals: refusals.map(|refusal| refusal.name.as_str()).collect(),
            decision: self.decision(aggregate, command),
            needs: self.needs(aggregate, command),
            choice: self.choice(command),
        }
    }

    /// The fields and lists of entities of an aggregate.
    fn members(&self, aggregate: &Aggregate) -> impl Iterator<Item = members::Member> {
        let fields = aggregate.fields.values().map(|field| {
            let (name, doc) = (field.name.as_str(), members::field_doc(field));
            let ty = self.types().field(&mut Uses::paths(), field);
            let member = members::Member::new(name, ty, doc.as_deref());
            member.shaped(field.optional, field.list)
        });
        let entities = aggregate.entities.values().map(|entity| {
            let (name, doc) = (entity.collection.as_str(), entity.doc.as_deref());
            let ty = format!("Vec<{}>", self.own(entity.name.as_str()));
            members::Member::new(name, ty, doc).shaped(false, true)
        });
        fields.chain(entities).map(|member| members::Member {
            ident: names::member_ident(&member.wire),
            ..member
        })
    }

    fn new_aggregate(&self, aggregate: &Aggregate) -> Option<NewView> {
        let creates = |command: &&Command| command.change == Change::Creates;
        let creations = self.commands_of(aggregate).filter(creates);
        let creations: Vec<Creation> = creations
            .map(|command| self.creation(aggregate, command))
            .collect();
        let name = aggregate.name.as_str();
        // It is only written: nothing is missing from it.
        let members = self.members(aggregate).map(|member| members::Member {
            default: None,
            serialize_only: true,
            ..member
        });
        (!creations.is_empty()).then(|| NewView {
            ty: Name::of_type(&derived::new(name)),
            title: titled(name).trim_end_matches('.').to_owned(),
            members: members.map(Member::from).collect(),
            creations,
        })
    }

    fn creation(&self, aggregate: &Aggregate, command: &Command) -> Creation {
        let fields = aggregate.fields.values().map(|field| {
            let name = field.name.as_str();
            let input = command.input.get(name);
            let value = match input.filter(|input| input.source == InputSource::Field) {
                Some(input) => self.given(field, input.optional),
                None => self.default(field),
            };
            (name, value)
        });
        let entities = aggregate.entities.values();
        let entities = entities.map(|entity| (entity.collection.as_str(), listed(command, entity)));
        let values: Vec<(&str, String)> = fields.chain(entities).collect();
        let reads = |name: &str| values.iter().any(|(_, value)| mentions(value, name));
        Creation {
            command: self.own(command.name.as_str()),
            reads_command: reads("command"),
            reads_context: reads("context"),
            timed: needs_time(aggregate),
            fields: values
                .iter()
                .map(|(name, value)| FieldValue {
                    name: Name::of_member(name),
                    value: value.clone().into(),
                })
                .collect(),
        }
    }

    /// The value of a field that the command brings.
    fn given(&self, field: &Field, optional: bool) -> String {
        let given = format!("command.{}", Name::of_field(field.name.as_str()));
        match (field.optional, optional) {
            (true, true) | (false, false) => given,
            (true, false) => format!("Some({given})"),
            (false, true) if field.list && field.default.is_none() => {
                format!("{given}.unwrap_or_default()")
            }
            (false, true) => {
                let default = self.default(field);
                match default.contains(['(', '{']) {
                    true => format!("{given}.unwrap_or_else(|| {default})"),
                    false => format!("{given}.unwrap_or({default})"),
                }
            }
        }
    }

    /// The value of a field that nobody gives.
    fn default(&self, field: &Field) -> String {
        let some = |value: &str| match field.optional {
            true => format!("Some({value})"),
            false => value.to_owned(),
        };
        match &field.default {
            Some(Default::Constant(value)) => {
                let value = self.values().field(&mut Uses::paths(), field, value);
                value.flat()
            }
            Some(Default::Now) => some("context.now"),
            Some(Default::Today) => some("context.now.date()"),
            None if field.optional => "None".to_owned(),
            None if field.list => "Vec::new()".to_owned(),
            // A valid system covers every required field.
            None => "Default::default()".to_owned(),
        }
    }
}

/// The list of entities that a command brings.
fn listed(command: &Command, entity: &Entity) -> String {
    let name = entity.collection.as_str();
    let given = format!("command.{}", Name::of_field(name));
    match command.input.get(name) {
        Some(input) if input.optional => format!("{given}.unwrap_or_default()"),
        Some(_) => given,
        None => "Vec::new()".to_owned(),
    }
}

/// Whether some field of the aggregate is made from the time of the command.
pub(super) fn needs_time(aggregate: &Aggregate) -> bool {
    let mut fields = aggregate.fields.values();
    fields.any(|field| matches!(field.default, Some(Default::Now | Default::Today)))
}
