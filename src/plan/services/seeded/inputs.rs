//! How inputs become members of aggregates, and how handlers give them.

use serde::Serialize;

use super::{Source, Spelling};
use crate::model::{Aggregate, Command, Default, Field, Input, Presence};
use crate::plan::rust::expr::{Expr, call, text};
use crate::plan::rust::{Module, names};
use crate::plan::services::copies;
use crate::plan::services::event_values::EventValue;
use crate::plan::view::Name;

/// What an update does to its aggregate with one of its inputs: the component `decisions.apply` shows it.
#[derive(Debug, Serialize)]
pub(super) struct Applied {
    /// The input.
    given: Name,
    /// The member of the aggregate.
    member: Name,
    /// The variable of a value that may lack.
    variable: Name,
    /// Whether the aggregate may lack what the input always has.
    wrapped: bool,
    /// Whether an event takes it afterwards.
    cloned: bool,
    /// Whether what is left out leaves the aggregate as it is.
    kept: bool,
    /// Whether the input may clear the member, too.
    clears: bool,
    /// Whether it is the first that does, so that it is said how.
    shows_how: bool,
}

/// What an update does to the aggregate that goes by `subject`, of which its events are `certain` to have
/// some of the members that it may lack.
pub(super) fn applied(
    aggregate: &Aggregate,
    command: &Command,
    subject: &str,
    certain: &[&Field],
) -> Vec<Applied> {
    let inputs = command.inputs(aggregate).filter(|input| !input.own);
    let mut shown = false;
    let applied = inputs.map(|input| {
        let clears = input.presence == Presence::Clearable;
        // No parameter may be hidden by what is taken out.
        let given = names::field_ident(input.name);
        let is_hidden = ["command", "context", "needs", subject].contains(&given.as_str());
        Applied {
            member: Name::of_member(input.name),
            variable: Name::of_field(if is_hidden { "given" } else { input.name }),
            given: given.into(),
            wrapped: input.content.is_optional(),
            cloned: !copies(input.content) && certain.iter().any(|it| it.name == *input.name),
            kept: matches!(input.presence, Presence::Optional | Presence::Kept),
            clears,
            shows_how: clears && !std::mem::replace(&mut shown, clears),
        }
    });
    applied.collect()
}

impl Source<'_, '_> {
    /// A value of an event, as an input takes it: one that may be absent clears what an update could leave
    /// as it is.
    pub(super) fn given(&self, presence: Presence, value: &EventValue) -> Expr {
        let wrapper = match (presence, value.optional) {
            (Presence::Clearable, true) => "Patch::from",
            (Presence::Clearable, false) => "Patch::Set",
            (Presence::Optional | Presence::Kept, false) => "Some",
            _ => return text(&value.expression),
        };
        if presence == Presence::Clearable {
            self.imports.take(Module::Value, "Patch");
        }
        call(wrapper, [text(&value.expression)])
    }

    /// An input that nothing gives; `None` where it has to be there.
    pub(super) fn left_out(&self, input: &Input<'_>) -> Option<Expr> {
        match input.presence {
            Presence::Required => None,
            Presence::Defaulted => input.default.map(|default| match default {
                Default::Constant(value) => {
                    let values = self.values(Spelling::Exact);
                    values.input(input.content, input.presence, Some(value))
                }
                Default::Now => text("context.now"),
                Default::Today => text("context.now.date()"),
            }),
            Presence::Optional | Presence::Kept => Some(text("None")),
            Presence::Clearable => {
                let patch = self.imports.take(Module::Value, "Patch");
                Some(text(format!("{patch}::Keep")))
            }
        }
    }
}
