//! How inputs become members of aggregates, and how they are told by handlers.

use serde::Serialize;

use crate::model::{Aggregate, Command, InputSource, Presence};
use crate::plan::expr::{Expr, call, text};
use crate::plan::names;
use crate::plan::uses::Uses;
use crate::plan::view::Name;

use super::taken::Taken;

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
    /// Whether what is left out leaves the aggregate as it is.
    kept: bool,
    /// Whether the input may clear the member, too.
    clears: bool,
}

/// What an update does to the aggregate that goes by `subject`.
pub(super) fn applied(aggregate: &Aggregate, command: &Command, subject: &str) -> Vec<Applied> {
    let inputs = command.input.values();
    let stored = inputs.filter(|input| !matches!(input.source, InputSource::Own(_)));
    let applied = stored.map(|input| {
        let name = input.name.as_str();
        let presence = command.presence(aggregate, input);
        let field = aggregate.fields.get(&input.name);
        // No parameter may be hidden by what is taken out.
        let given = Name::of_field(name);
        let hidden = ["command", "context", "needs", subject];
        Applied {
            member: names::member_ident(name).into(),
            variable: match hidden.contains(&given.to_string().as_str()) {
                true => Name::of_field("given"),
                false => given.clone(),
            },
            given,
            wrapped: field.is_some_and(|field| field.optional),
            kept: matches!(presence, Presence::Optional | Presence::Kept),
            clears: presence == Presence::Clearable,
        }
    });
    applied.collect()
}

/// What a handler's source says, as the input takes it: a source that may be absent clears what an
/// update could leave as it is.
pub(super) fn said(uses: &mut Uses, presence: Presence, taken: Taken) -> Expr {
    let value = text(&taken.expression);
    let wrapper = match (presence, taken.optional) {
        (Presence::Clearable, true) => "Patch::from",
        (Presence::Clearable, false) => "Patch::Set",
        (Presence::Optional | Presence::Kept, false) => "Some",
        (Presence::Optional | Presence::Kept, true) | (Presence::Required, _) => {
            return text(taken.expression);
        }
    };
    if presence == Presence::Clearable {
        uses.take("platform_contract::value", "Patch");
    }
    call(wrapper, vec![value])
}

/// An input of which no source says anything; `None` where it has to be there.
pub(super) fn unsaid(uses: &mut Uses, presence: Presence) -> Option<Expr> {
    match presence {
        Presence::Required => None,
        Presence::Optional | Presence::Kept => Some(text("None")),
        Presence::Clearable => {
            let patch = uses.take("platform_contract::value", "Patch");
            Some(text(format!("{patch}::Keep")))
        }
    }
}
