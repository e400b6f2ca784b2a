//! Commands and their refusals.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{Change, Command, Content, Context, Emission, Input, Refusal};

use super::Contract;
use crate::plan::prose::{article, listed, listed_names};
use crate::plan::view::{Column, Doc, Literal, Member, Name};

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
    /// What the description says of it, or else what it does.
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
    /// The statuses of their answers by HTTP, and whose they are; none when all are 409.
    statuses: Vec<(u16, Vec<Name>)>,
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
        for Input {
            name,
            content,
            presence,
            ..
        } in command.inputs(aggregate)
        {
            members.push(Member::input(&self.types(), (name, content), presence));
            columns.push(Column {
                distinct_ids: matches!(content, Content::Entities(_)),
                ..self.column(content, presence)
            });
        }
        let name = command.name.as_str();
        Some(CommandView {
            doc: Doc::of(&command.doc.clone().unwrap_or_else(|| does(command))),
            ty: Name::of_type(name),
            name: Literal::text(name),
            refusal: Name::of_type(&format!("{name}Refusal")),
            members,
            columns,
            refusals: command.refuses.iter().map(refusal).collect(),
            statuses: statuses(&command.refuses),
        })
    }
}

/// What a command does: "Changes an `Order` that is `placed`. Emits `OrderConfirmed`."
fn does(command: &Command) -> String {
    let verb = match command.change {
        Change::Creates => "Creates",
        Change::Updates => "Changes",
        Change::Deletes => "Deletes",
    };
    let aggregate = command.aggregate.as_str();
    let from = command.transition.iter().flat_map(|it| &it.from);
    let from = match listed_names(from, "or") {
        states if states.is_empty() => states,
        states => format!(" that is {states}"),
    };
    let emits = command.emits.iter().map(|emission| match emission {
        Emission::Always(event) => format!("`{event}`"),
        Emission::Optional(event) => format!("perhaps `{event}`"),
        Emission::OneOf(events) => listed_names(events, "or"),
    });
    let emits = listed(&emits.collect::<Vec<_>>(), "and");
    let article = article(aggregate);
    format!("{verb} {article} `{aggregate}`{from}. Emits {emits}.")
}

fn refusal(refusal: &Refusal) -> RefusalView {
    let name = refusal.name.as_str();
    RefusalView {
        doc: Doc::of(refusal.doc.as_deref().unwrap_or_default()),
        variant: Name::of_variant(name),
        name: Literal::text(name),
    }
}

fn statuses(refusals: &[Refusal]) -> Vec<(u16, Vec<Name>)> {
    let mut statuses = BTreeMap::<u16, Vec<Name>>::new();
    for refusal in refusals {
        let variants = statuses.entry(refusal.http).or_default();
        variants.push(Name::of_variant(refusal.name.as_str()));
    }
    if statuses.keys().all(|status| *status == Refusal::CONFLICT) {
        return Vec::new();
    }
    statuses.into_iter().collect()
}
