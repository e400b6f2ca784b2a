//! The heads of decisions as seeded files have them.

use crate::model::{Aggregate, Change, Command, derived};
use crate::plan::layout;
use crate::plan::names;
use crate::plan::uses::Uses;

use super::{Service, variable};

impl Service<'_> {
    /// The head of a decision; `unused` names parameters that the body does not read.
    pub(super) fn decision_head(
        &self,
        uses: &mut Uses,
        aggregate: &Aggregate,
        command: &Command,
        end: &str,
        seeded: bool,
    ) -> String {
        let name = command.name.as_str();
        let state = if seeded && command.change != Change::Creates {
            uses.take(
                "crate::generated",
                &names::type_ident(aggregate.name.as_str()),
            )
        } else {
            names::type_ident(aggregate.name.as_str())
        };
        let ty = self.types().own(uses, name);
        let unused = |parameter: &str, reads: bool| match seeded && !reads {
            true => "_".to_owned(),
            false => parameter.to_owned(),
        };
        let reads = self.seeded_reads(aggregate, command);
        let subject = unused(&variable(aggregate.name.as_str()), reads.subject);
        let mut parameters = match command.change {
            Change::Creates => Vec::new(),
            Change::Updates => vec![format!("{subject}: &mut {state}")],
            Change::Deletes => vec![format!("{subject}: &{state}")],
        };
        parameters.push(format!("{}: {ty}", unused("command", reads.command)));
        if !command.needs.is_empty() {
            let needs = derived::needs(name);
            let needs = if seeded {
                uses.take("crate::generated", &needs)
            } else {
                needs
            };
            parameters.push(format!("{}: &{needs}", unused("needs", false)));
        }
        let context = uses.take("platform_runtime::prelude", "Context");
        parameters.push(format!("{}: &{context}", unused("context", reads.context)));
        let mut events = if seeded {
            self.events_type(uses, command)
        } else {
            // The enum of `one_of` is declared in this very file.
            let mut elsewhere = Uses::default();
            let _ = self.events_type(&mut elsewhere, command);
            for event in command.events() {
                self.types().own(uses, event.as_str());
            }
            self.events_type(&mut elsewhere, command)
        };
        if command.change == Change::Creates {
            let new = derived::new(aggregate.name.as_str());
            let new = if seeded {
                uses.take("crate::generated", &new)
            } else {
                new
            };
            events = format!("({new}, {events})");
        }
        let refusal = self.types().own(uses, &derived::refusal(name));
        layout::function(
            4,
            &format!("fn {}", names::method_ident(name)),
            &parameters,
            &format!("Result<{events}, {refusal}>"),
            end,
        )
    }
}

/// `impl Trait for Type`, broken before `for` when it is too long for one line.
pub(super) fn implementation(what: &str, of: &str) -> String {
    format!("impl {what} for {of}")
}
