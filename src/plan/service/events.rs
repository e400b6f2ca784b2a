//! Events made from what an aggregate is, and choices between events.

use crate::model::{Aggregate, Change, Command, Emission, derived};
use crate::plan::layout::{Expr, text};
use crate::plan::names;
use crate::plan::spoken::sentence;
use crate::plan::uses::Uses;

use super::state::implementation;
use super::{Service, one_of, variable};

impl Service<'_> {
    /// `EventOf` for events without members of their own, needs, and enums for `one_of`.
    pub(super) fn event_items(&self, uses: &mut Uses, aggregate: &Aggregate) -> Vec<String> {
        let mut items = Vec::new();
        let events = self.context.events.values();
        for event in events.filter(|event| event.aggregate == aggregate.name) {
            if !self.event_own(event.name.as_str()).is_empty() {
                continue;
            }
            let emitted = |creates: bool| {
                self.commands_of(aggregate).any(|command| {
                    (command.change == Change::Creates) == creates
                        && command.events().contains(&&event.name)
                })
            };
            if emitted(true) {
                let new = derived::new(aggregate.name.as_str());
                items.push(self.event_of(uses, aggregate, event.name.as_str(), &new));
            }
            if emitted(false) {
                let state = names::type_ident(aggregate.name.as_str());
                items.push(self.event_of(uses, aggregate, event.name.as_str(), &state));
            }
        }
        for command in self.commands_of(aggregate) {
            if !command.needs.is_empty() {
                items.push(self.needs_struct(uses, command));
            }
            for emission in &command.emits {
                if let Emission::OneOf(_) = emission {
                    items.push(self.choice(uses, command, emission));
                }
            }
        }
        items
    }

    fn event_of(
        &self,
        uses: &mut Uses,
        aggregate: &Aggregate,
        event: &str,
        source: &str,
    ) -> String {
        let trait_name = uses.take("platform_runtime::prelude", "EventOf");
        let event_type = self.types().own(uses, event);
        let variable = variable(aggregate.name.as_str());
        let members = self.event_state(event);
        let parameter = if members.is_empty() {
            "_"
        } else {
            variable.as_str()
        };
        let fields = members
            .iter()
            .map(|(name, copied)| state_field(&variable, name, *copied))
            .collect();
        let body = Expr::Struct("Self".to_owned(), fields).lay(8, 8, 0);
        format!(
            "{} {{\n    fn of({parameter}: &{source}) -> Self {{\n        {body}\n    }}\n}}\n",
            implementation(&format!("{trait_name}<{source}>"), &event_type)
        )
    }

    fn choice(&self, uses: &mut Uses, command: &Command, emission: &Emission) -> String {
        let emitted = uses.take("platform_contract", "Emitted");
        let any = uses.take("platform_contract", "AnyEvent");
        let error = uses.take("platform_contract", "EncodeError");
        let ident = one_of(command);
        let events: Vec<String> = emission
            .events()
            .iter()
            .map(|event| self.types().own(uses, event.as_str()))
            .collect();
        let variants: String = emission
            .events()
            .iter()
            .zip(&events)
            .map(|(name, event)| {
                format!(
                    "    /// {}\n    {event}({event}),\n",
                    sentence(name.as_str())
                )
            })
            .collect();
        let arms: String = events
            .iter()
            .map(|event| format!("            Self::{event}(event) => event.append(events),\n"))
            .collect();
        format!(
            "/// What `{}` emits: exactly one of these.\n#[derive(Debug, Clone, PartialEq)]\npub enum {ident} {{\n{variants}}}\n\nimpl {emitted} for {ident} {{\n    fn append(&self, events: &mut Vec<{any}>) -> Result<(), {error}> {{\n        match self {{\n{arms}        }}\n    }}\n}}\n",
            command.name
        )
    }
}

/// A member of an event, taken from the aggregate in `variable`.
pub(super) fn state_field(variable: &str, name: &str, copied: bool) -> (String, Expr) {
    let clone = if copied { "" } else { ".clone()" };
    (
        names::field_ident(name),
        text(format!("{variable}.{}{clone}", names::member_ident(name))),
    )
}
