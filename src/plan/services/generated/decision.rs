//! What generated and seeded files say of a decision.

use serde::Serialize;

use crate::model::{Change, Command, derived};
use crate::plan::rust::Imports;
use crate::plan::services::{Service, events_type};
use crate::plan::view::{Name, TypeRef};

/// The decision about a command: the components of `decisions` show its parameters and result.
#[derive(Debug, Serialize)]
pub(crate) struct Decision {
    /// The user's function: `approve_loan`.
    function: Name,
    /// What it does to its aggregate.
    change: Change,
    /// The type of the aggregate that it changes, or of the one that it makes.
    state: TypeRef,
    /// What the aggregate goes by: `loan`.
    subject: Name,
    /// The type of the command: `contract::ApproveLoan`.
    command: TypeRef,
    /// The type of what it looks at, if that is more than the aggregate.
    needs: Option<TypeRef>,
    /// The type of the events that it emits.
    events: TypeRef,
    /// The type of its refusals.
    refusal: TypeRef,
}

impl Service<'_> {
    /// The decision about a command, in a file that imports what it names, where it does.
    pub(crate) fn decision(&self, imports: Option<&Imports>, command: &Command) -> Decision {
        let (name, types) = (&command.name, self.types_in(imports));
        let new = derived::new(&command.aggregate);
        let needs = || types.generated(&derived::needs(name)).into();
        Decision {
            function: Name::of_function(name),
            change: command.change,
            state: match command.change {
                Change::Creates => types.generated(&new).into(),
                Change::Updates | Change::Deletes => types.generated(&command.aggregate).into(),
            },
            subject: Name::of_variable(&command.aggregate),
            command: types.own(name).into(),
            needs: (!command.needs.is_empty()).then(needs),
            events: events_type(types, command).into(),
            refusal: types.own(&derived::refusal(name)).into(),
        }
    }
}
