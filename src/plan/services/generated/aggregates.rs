//! Aggregates as the user's decisions see them.

use serde::Serialize;

use crate::model::{Aggregate, Change, Command, Content, Default, Field, InputSource, derived};
use crate::plan::prose::{field_doc, titled};
use crate::plan::rust::expr::{Expr, call, text};
use crate::plan::rust::names;
use crate::plan::services::Service;
use crate::plan::view::{Doc, Member, Name, TypeRef};

use super::decision::Decision;
use super::events::{Choice, MadeEvent};
use super::needs::Needs;

/// `services/__context__/src/generated/aggregates/__aggregate__.rs`.
#[derive(Debug, Serialize)]
pub(super) struct AggregateFile<'a> {
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
    /// The name of the command in the description.
    name: String,
    /// The type of the command.
    command: TypeRef,
    /// The function that makes one.
    maker: Name,
    /// What its decision works out; `None` where that is nothing.
    sets: Option<SetsView>,
    /// Whether some value comes from the command.
    reads_command: bool,
    /// Whether some value is the time of the command.
    reads_context: bool,
    /// Its members, and what they become.
    fields: Vec<(Name, Expr)>,
}

/// What the decision of a creating command works out.
#[derive(Debug, Serialize)]
struct SetsView {
    /// Its type: `RequestLoanSets`.
    #[serde(rename = "type")]
    ty: Name,
    /// Its members.
    members: Vec<Member>,
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
    pub(super) fn aggregate(&self, aggregate: &'a Aggregate) -> AggregateFile<'a> {
        let name = &aggregate.name;
        let has_status = !aggregate.states.is_empty();
        let commands = self.commands_of(aggregate);
        AggregateFile {
            name,
            doc: Doc::of(aggregate.doc.as_deref().unwrap_or_default()),
            state: Name::of_type(name),
            variable: Name::of_variable(name),
            id: self.own(&derived::id(name)),
            status: has_status.then(|| self.own(&derived::status(name))),
            members: self.members(aggregate).collect(),
            new: self.new_aggregate(aggregate),
            events: self.made_events(aggregate),
            decisions: Name::of_type(&derived::decisions(name)),
            commands: commands.map(|it| self.decided(aggregate, it)).collect(),
        }
    }

    fn decided(&self, aggregate: &Aggregate, command: &'a Command) -> DecidedCommand<'a> {
        let refusals = command.refuses.iter();
        DecidedCommand {
            name: &command.name,
            doc: Doc::of(command.doc.as_deref().unwrap_or_default()),
            refusals: refusals.map(|refusal| &*refusal.name).collect(),
            decision: self.decision(None, command),
            needs: self.needs(aggregate, command),
            choice: self.choice(command),
        }
    }

    /// The fields and lists of entities of an aggregate.
    fn members(&self, aggregate: &Aggregate) -> impl Iterator<Item = Member> {
        let types = self.types();
        let members = aggregate.members();
        members.map(move |it| Member::of(&types, it).under(Name::of_member(it.0), it.0))
    }

    fn new_aggregate(&self, aggregate: &Aggregate) -> Option<NewView> {
        let name = &aggregate.name;
        let creations = self.commands_of(aggregate);
        let creations = creations.filter(|command| command.change == Change::Creates);
        let creations: Vec<_> = creations.map(|it| self.creation(aggregate, it)).collect();
        (!creations.is_empty()).then(|| NewView {
            ty: Name::of_type(&derived::new(name)),
            title: titled(name).trim_end_matches('.').to_owned(),
            members: self.members(aggregate).map(Member::written).collect(),
            creations,
        })
    }

    fn creation(&self, aggregate: &Aggregate, command: &Command) -> Creation {
        let sets = |name| command.worked_out(aggregate).any(|(it, _)| it == name);
        let values = aggregate.members().map(|(name, content)| {
            if sets(name) {
                let value = format!("sets.{}", names::field_ident(name));
                return (Name::of_member(name), text(value));
            }
            let input = command.input.get(name);
            let given = text(format!("command.{}", names::field_ident(name)));
            let value = match (content, input) {
                (Content::Field(field), Some(input)) if input.source == InputSource::Field => {
                    self.given(field, given, input.optional)
                }
                (Content::Field(field), _) => self.default(field),
                (Content::Entities(_), Some(input)) if input.optional => {
                    given.method("unwrap_or_default")
                }
                (Content::Entities(_), Some(_)) => given,
                (Content::Entities(_), None) => text("Vec::new()"),
            };
            (Name::of_member(name), value)
        });
        let fields: Vec<(Name, Expr)> = values.collect();
        let reads = |name| fields.iter().any(|(_, value)| value.mentions(name));
        Creation {
            name: command.name.to_string(),
            command: self.own(&command.name),
            maker: self.maker(command),
            sets: self.sets(aggregate, command),
            reads_command: reads("command"),
            reads_context: reads("context"),
            fields,
        }
    }

    /// The function that makes a new aggregate of a command: `new`, where the aggregate's first such command
    /// does, else one that is called after the command.
    pub(crate) fn maker(&self, command: &Command) -> Name {
        let aggregate = self.aggregate_of(command);
        let mut creating = self.commands_of(aggregate);
        let first = creating.find(|command| command.change == Change::Creates);
        match first.is_some_and(|first| first.name == command.name) {
            true => Name::of_function("new"),
            false => Name::from(format!("from_{}", names::snake(&command.name))),
        }
    }

    fn sets(&self, aggregate: &Aggregate, command: &Command) -> Option<SetsView> {
        let types = self.types();
        let members = command.worked_out(aggregate).map(|(name, content)| {
            let (ty, doc) = match content {
                Content::Field(field) => (types.field(field), field_doc(field)),
                Content::Entities(of) => {
                    (types.wrap(types.own(&of.name), false, true), of.doc.clone())
                }
            };
            let pii = content.field().is_some_and(|field| field.pii);
            Member::new(name, ty, doc.as_deref())
                .unknown_to_json()
                .pii(pii)
        });
        let members: Vec<Member> = members.collect();
        (!members.is_empty()).then(|| SetsView {
            ty: Name::of_type(&derived::sets(&command.name)),
            members,
        })
    }

    /// The value of a field that the command brings.
    fn given(&self, field: &Field, given: Expr, may_lack: bool) -> Expr {
        match (field.optional, may_lack) {
            (true, true) | (false, false) => given,
            (true, false) => call("Some", [given]),
            (false, true) if field.list && field.default.is_none() => {
                given.method("unwrap_or_default")
            }
            (false, true) => {
                let default = self.default(field);
                text(match default.as_str().contains(['(', '{']) {
                    true => format!("{given}.unwrap_or_else(|| {default})"),
                    false => format!("{given}.unwrap_or({default})"),
                })
            }
        }
    }

    /// The value of a field that nobody gives.
    fn default(&self, field: &Field) -> Expr {
        let some = |value: &str| match field.optional {
            true => call("Some", [text(value)]),
            false => text(value),
        };
        match &field.default {
            Some(Default::Constant(value)) => self.values().field(field, value),
            Some(Default::Now) => some("context.now"),
            Some(Default::Today) => some("context.now.date()"),
            None if field.optional => text("None"),
            None if field.list => text("Vec::new()"),
            // A valid system covers every required field.
            None => text("Default::default()"),
        }
    }
}
