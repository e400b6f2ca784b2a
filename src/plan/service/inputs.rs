//! How inputs become members of aggregates, and how they are told by handlers.

use crate::model::{Aggregate, Command, InputField, InputSource, Presence};
use crate::plan::layout::{self, Expr, call, text};
use crate::plan::names;
use crate::plan::uses::Uses;

use super::taken::Taken;

/// The lines of an update's body that do to the aggregate what its inputs say.
pub(super) fn applied(aggregate: &Aggregate, command: &Command, subject: &str) -> Vec<String> {
    let inputs = command.input.values();
    let stored = inputs.filter(|input| !matches!(input.source, InputSource::Own(_)));
    stored
        .map(|input| apply(aggregate, command, input, subject))
        .collect()
}

fn apply(aggregate: &Aggregate, command: &Command, input: &InputField, subject: &str) -> String {
    let name = input.name.as_str();
    let (given, member) = (names::field_ident(name), names::member_ident(name));
    match command.presence(aggregate, input) {
        Presence::Required => {
            let field = aggregate.fields.get(&input.name);
            let value = match field.is_some_and(|field| field.optional) {
                true => format!("Some(command.{given})"),
                false => format!("command.{given}"),
            };
            format!("        {subject}.{member} = {value};")
        }
        Presence::Clearable => {
            let subject = text(format!("&mut {subject}"));
            let member = Expr::Chain(Box::new(subject), vec![text(member)]);
            let calls = vec![text(given), call("apply_to", vec![member])];
            let applied = Expr::Chain(Box::new(text("command")), calls);
            format!("        {};", applied.lay(8, 8, 1))
        }
        Presence::Optional | Presence::Kept => {
            // No parameter may be hidden by what is taken out.
            let taken = ["command", "context", "needs", subject];
            let bound = match taken.contains(&given.as_str()) {
                true => "given",
                false => &given,
            };
            format!(
                "        if let Some({bound}) = command.{given} {{\n            {subject}.{member} = {bound};\n        }}"
            )
        }
    }
}

/// What a handler's source says, as the input takes it: a source that may be absent clears what an
/// update could leave as it is.
pub(super) fn said(uses: &mut Uses, presence: Presence, taken: Taken) -> Expr {
    let value = layout::members(&taken.expression);
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
