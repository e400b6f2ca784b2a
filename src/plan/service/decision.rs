//! What generated files say of a decision.

use serde::Serialize;

use crate::model::{Aggregate, Change, Command, derived};
use crate::plan::uses::Uses;
use crate::plan::view::{Name, TypeRef};

use super::Service;

/// The decision about a command.
#[derive(Debug, Serialize)]
pub(super) struct Decision {
    /// The user's function: `approve_loan`.
    function: Name,
    /// The type of the command: `contract::ApproveLoan`.
    command: TypeRef,
    /// What it does to its aggregate, by the name of the runtime's trait: `Update`.
    way: &'static str,
    /// The aggregate that it is about; `None` where it creates one.
    subject: Option<Subject>,
    /// The type of what it looks at, if that is more than the aggregate.
    needs: Option<TypeRef>,
    /// The type of what it creates, if it does.
    new: Option<TypeRef>,
    /// The type of the events that it emits.
    events: TypeRef,
    /// The type of what it returns when it does not refuse.
    decided: TypeRef,
    /// The type of its refusals.
    refusal: TypeRef,
}

/// The aggregate that a decision is about.
#[derive(Debug, Serialize)]
struct Subject {
    /// The parameter: `loan`.
    name: Name,
    /// Its type: `&mut crate::generated::Loan`.
    #[serde(rename = "type")]
    ty: TypeRef,
}

impl Service<'_> {
    /// The decision about a command on an aggregate.
    pub(super) fn decision(&self, aggregate: &Aggregate, command: &Command) -> Decision {
        let (name, of) = (command.name.as_str(), aggregate.name.as_str());
        let state = TypeRef::generated(of);
        let new = TypeRef::generated(&derived::new(of));
        let events = self.events_type(&mut Uses::paths(), command);
        let (way, subject, decided) = match command.change {
            Change::Creates => ("Creation", None, format!("({new}, {events})")),
            Change::Updates => ("Update", Some(format!("&mut {state}")), events.clone()),
            Change::Deletes => ("Deletion", Some(format!("&{state}")), events.clone()),
        };
        let needs = || TypeRef::generated(&derived::needs(name));
        Decision {
            function: Name::of_function(name),
            command: self.own(name),
            way,
            subject: subject.map(|ty| Subject {
                name: Name::of_variable(of),
                ty: ty.into(),
            }),
            needs: (!command.needs.is_empty()).then(needs),
            new: (command.change == Change::Creates).then_some(new),
            events: events.into(),
            decided: decided.into(),
            refusal: self.own(&derived::refusal(name)),
        }
    }
}
