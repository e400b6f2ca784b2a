//! What the command of a reaction is on, and what it refers to: that has to be there before.

use serde_json::Value;

use crate::model::{Aggregate, Change, Command, Fill};

use super::reactions::{On, Reaction};
use super::rows::{Rows, Wanted};
use crate::plan::sample::Members;
use crate::plan::services::Service;
use crate::plan::services::examples::taken;

impl Service<'_> {
    /// The rows with what a reaction to an event (of this aggregate, with this data) needs; `None`
    /// where that is impossible.
    pub(super) fn prepared<'a>(
        &self,
        mut rows: Rows<'a>,
        reaction: &Reaction<'_>,
        (id, data): (&str, &Members),
        number: u32,
    ) -> Option<Rows<'a>> {
        let take = |fill: &Fill| taken(data, id, reaction.each, fill);
        let context = self.context;
        let Some(command) = reaction.first.and_then(|name| context.commands.get(name)) else {
            return Some(rows);
        };
        let aggregate = context.aggregates.get(&command.aggregate)?;
        let inputs = reaction.inputs.iter();
        let inputs: Members = inputs
            .map(|(name, fill)| ((*name).to_owned(), take(fill)))
            .collect();
        let target = rows.members(aggregate, number);
        rows.wishes.look(self, command, [&inputs, &target]);
        let mut made = inputs.clone();
        made.extend(self.worked_out_example(aggregate, command));
        let referred = rows.put_referred(aggregate, &made, 0) && rows.put_named(command, &inputs);
        referred.then_some(())?;
        if command.change == Change::Creates {
            return rows.claim(aggregate, made).then_some(rows);
        }
        match &reaction.target {
            On::New => Some(rows),
            On::Id(fill) => match take(fill) {
                Value::String(id) => {
                    let wanted = Wanted {
                        id: Some(id),
                        ..wanted(command, number)
                    };
                    rows.put(wanted).then_some(rows)
                }
                // An optional reference that is absent: nothing is to be done.
                _ => Some(rows),
            },
            On::Members(with) => {
                let members = with.iter().map(|(name, fill)| (*name, take(fill)));
                found(rows, aggregate, wanted(command, number), members.collect())
            }
        }
    }
}

fn wanted(command: &Command, number: u32) -> Wanted<'_> {
    let from = command.transition.as_ref().and_then(|t| t.from.first());
    Wanted {
        aggregate: &command.aggregate,
        id: None,
        members: Vec::new(),
        status: from.map(ToString::to_string),
        number,
    }
}

/// The rows with one that a search by these members finds. Each search has to find its own.
fn found<'a>(
    mut rows: Rows<'a>,
    aggregate: &Aggregate,
    mut wanted: Wanted<'_>,
    members: Vec<(&str, Value)>,
) -> Option<Rows<'a>> {
    rows.is_found_by_nobody(aggregate, &members).then_some(())?;
    let id = members.iter().find(|(name, _)| *name == "id");
    wanted.id = id.and_then(|(_, id)| id.as_str().map(str::to_owned));
    let wanted = Wanted { members, ..wanted };
    rows.put(wanted).then_some(rows)
}
