//! Commands and their refusals.

use serde::Serialize;

use crate::model::{Command, Context, Entity, Field, InputSource, Presence, Refusal};

use super::Contract;
use crate::plan::members;
use crate::plan::spoken::command_doc;
use crate::plan::types::wrap;
use crate::plan::uses::Uses;
use crate::plan::view::{Column, Doc, Literal, Member, Name, constant};

/// `contracts/__context__/src/commands.rs`.
#[derive(Debug, Serialize)]
pub(super) struct CommandsFile {
    /// The name of the context.
    context: Literal,
    commands: Vec<CommandView>,
}

/// A command and its refusals.
#[derive(Debug, Serialize)]
struct CommandView {
    /// What the description says of it.
    doc: Doc,
    /// Its type: `ApproveLoan`.
    #[serde(rename = "type")]
    ty: Name,
    /// Its name.
    name: Literal,
    /// The type of its refusals: `ApproveLoanRefusal`.
    refusal: Name,
    /// Its inputs, as members of its type.
    members: Vec<Member>,
    /// The same, as the runtime checks them.
    columns: Vec<Column>,
    refusals: Vec<RefusalView>,
}

/// A refusal.
#[derive(Debug, Serialize)]
struct RefusalView {
    /// What the description says of it.
    doc: Doc,
    /// Its variant: `NotEligible`.
    variant: Name,
    /// Its name.
    name: Literal,
}

impl Contract<'_> {
    /// Commands.
    pub(super) fn commands(&self, context: &Context) -> CommandsFile {
        let commands = context.commands.values();
        CommandsFile {
            context: Literal::text(context.name.as_str()),
            commands: commands
                .filter_map(|command| self.command(context, command))
                .collect(),
        }
    }

    fn command(&self, context: &Context, command: &Command) -> Option<CommandView> {
        let aggregate = context.aggregates.get(&command.aggregate)?;
        let (mut members, mut columns) = (Vec::new(), Vec::new());
        for input in command.input.values() {
            let presence = command.presence(aggregate, input);
            let (member, column) = match &input.source {
                InputSource::Collection(entity) => {
                    self.entities_input(aggregate.entities.get(entity)?, presence)
                }
                InputSource::Field => self.input(aggregate.fields.get(&input.name)?, presence),
                InputSource::Own(field) => self.input(field, presence),
            };
            members.push(member.into());
            columns.push(column);
        }
        let name = command.name.as_str();
        Some(CommandView {
            doc: Doc::of(&command_doc(command)),
            ty: Name::of_type(name),
            name: Literal::text(name),
            refusal: Name::of_type(&format!("{name}Refusal")),
            members,
            columns,
            refusals: command.refuses.iter().map(refusal).collect(),
        })
    }

    /// A list of entities that the caller sends, or may leave out.
    fn entities_input(&self, entity: &Entity, presence: Presence) -> (members::Member, Column) {
        let ty = wrap(
            &mut Uses::paths(),
            &self.own(entity.name.as_str()),
            presence,
            true,
        );
        let name = entity.collection.as_str();
        let member = members::Member::new(name, ty, entity.doc.as_deref());
        let column = Column {
            list: true,
            distinct_ids: true,
            ..Column::new(name, constant("crate", entity.name.as_str()), presence)
        };
        (member.shaped(presence, true), column)
    }

    /// A field that the caller sends, also one that nobody is shown.
    fn input(&self, field: &Field, presence: Presence) -> (members::Member, Column) {
        let column = Column {
            hidden: false,
            ..Column::of(field, presence, self.place)
        };
        (self.member(field, presence), column)
    }
}

fn refusal(refusal: &Refusal) -> RefusalView {
    let name = refusal.name.as_str();
    let spoken = format!("`{name}`.");
    RefusalView {
        doc: Doc::of(refusal.doc.as_deref().unwrap_or(&spoken)),
        variant: Name::of_variant(name),
        name: Literal::text(name),
    }
}
