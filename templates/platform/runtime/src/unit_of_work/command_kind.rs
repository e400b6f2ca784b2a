//! The three kinds of commands: those that create, change and delete. What each does with a decision is
//! a pure function: production and the test helper run the same ones.

use std::any::Any;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::aggregate_row::members;
use crate::context::Context;
use crate::decision::{Access, Aggregate, Creates, Decision, Deletes, StatusChange, Updates};
use platform_contract::{AnyEvent, Emitted};

/// The member that holds the status.
pub const STATUS: &str = "status";

/// Members in their JSON forms, by name.
type Members = Map<String, Value>;

/// What a command makes of its aggregate.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// The members afterwards, in their JSON forms; `None`: deleted.
    pub members: Option<Map<String, Value>>,
    /// What is emitted, in order, `status` in the data where the aggregate has states. Nothing: the
    /// command changed nothing.
    pub events: Vec<AnyEvent>,
}

/// Why a command makes nothing of its aggregate.
#[derive(Debug)]
pub enum NotDecided<R> {
    /// The decision refused.
    Refused(R),
    /// The decision did what its description does not allow; what it did.
    Broken(String),
    /// Two entities would have one id. Whether that is the caller's doing, the input tells.
    Repeated {
        /// The member that would hold both.
        list: &'static str,
        /// The id.
        id: Uuid,
    },
}

impl<R> From<serde_json::Error> for NotDecided<R> {
    fn from(error: serde_json::Error) -> Self {
        Self::Broken(format!("returned a value that has no JSON form: {error}"))
    }
}

/// A kind of command: what it does to its aggregate with the user's function.
pub trait CommandKind<D: 'static, C: Decision<D>> {
    /// Whether the aggregate has to exist.
    const ON_EXISTING: bool;

    /// Decides, and checks that the decision kept to its description. `before` is there when
    /// [`Self::ON_EXISTING`].
    ///
    /// # Errors
    /// The refusal of the decision, or what it did wrong.
    fn decide(
        self,
        command: C,
        before: Option<&C::Aggregate>,
        needs: &C::Needs,
        context: &Context,
    ) -> Result<Decided, NotDecided<C::Refusal>>;
}

impl<D: 'static, C: Decision<D>, N: Serialize> CommandKind<D, C> for Creates<D, C, N> {
    const ON_EXISTING: bool = false;

    fn decide(
        self,
        command: C,
        _: Option<&C::Aggregate>,
        needs: &C::Needs,
        context: &Context,
    ) -> Result<Decided, NotDecided<C::Refusal>> {
        let (new, emitted) = guarded(|| match self {
            Self::Alone(decide) => decide(command, context),
            Self::WithNeeds(decide) => decide(command, needs, context),
        })?;
        let mut created = canonical_members::<D, C>(&new)?;
        let events = stamped::<D, C>(&emitted, &mut created, C::Aggregate::INITIAL_STATUS)?;
        if events.is_empty() {
            return Err(NotDecided::Broken("created without an event".to_owned()));
        }
        keeps_schema::<D, C>(&created, |_| true)?;
        Ok(Decided {
            members: Some(created),
            events,
        })
    }
}

impl<D: 'static, C: Decision<D>> CommandKind<D, C> for Updates<D, C> {
    const ON_EXISTING: bool = true;

    fn decide(
        self,
        command: C,
        before: Option<&C::Aggregate>,
        needs: &C::Needs,
        context: &Context,
    ) -> Result<Decided, NotDecided<C::Refusal>> {
        let (mut aggregate, old) = existing::<D, C>(before)?;
        let emitted = guarded(|| match self {
            Self::Alone(decide) => decide(&mut aggregate, command, context),
            Self::WithNeeds(decide) => decide(&mut aggregate, command, needs, context),
        })?;
        let mut new = canonical_members::<D, C>(&aggregate)?;
        let changed = changed(&old, &new);
        keeps_to_writes(&C::ACCESS, &changed)?;
        let status = old.get(STATUS).and_then(Value::as_str);
        let events = stamped::<D, C>(&emitted, &mut new, status)?;
        if let (true, Some(member)) = (events.is_empty(), changed.first()) {
            return Err(NotDecided::Broken(format!(
                "changed `{member}` without an event"
            )));
        }
        // What was stored before a rule was tightened stays; whoever changes it obeys the new rule.
        keeps_schema::<D, C>(&new, |member| changed.contains(member))?;
        Ok(Decided {
            members: Some(new),
            events,
        })
    }
}

impl<D: 'static, C: Decision<D>> CommandKind<D, C> for Deletes<D, C> {
    const ON_EXISTING: bool = true;

    fn decide(
        self,
        command: C,
        before: Option<&C::Aggregate>,
        needs: &C::Needs,
        context: &Context,
    ) -> Result<Decided, NotDecided<C::Refusal>> {
        let (aggregate, mut last) = existing::<D, C>(before)?;
        let emitted = guarded(|| match self {
            Self::Alone(decide) => decide(&aggregate, command, context),
            Self::WithNeeds(decide) => decide(&aggregate, command, needs, context),
        })?;
        let status = last.get(STATUS).and_then(Value::as_str).map(str::to_owned);
        let events = stamped::<D, C>(&emitted, &mut last, status.as_deref())?;
        Ok(Decided {
            members: events.is_empty().then_some(last),
            events,
        })
    }
}

/// What is there before the decision, as the user's function gets it and as members.
fn existing<D: 'static, C: Decision<D>>(
    before: Option<&C::Aggregate>,
) -> Result<(C::Aggregate, Members), NotDecided<C::Refusal>> {
    let Some(before) = before else {
        return Err(NotDecided::Broken("was run on nothing".to_owned()));
    };
    Ok((before.clone(), canonical_members::<D, C>(before)?))
}

/// Members in their one JSON form, so that equal ones compare equal.
fn canonical_members<D: 'static, C: Decision<D>>(
    of: &impl Serialize,
) -> Result<Members, serde_json::Error> {
    let mut members = members(of)?;
    C::Aggregate::SCHEMA.canonical(&mut members);
    Ok(members)
}

/// Runs the user's function; a panic in it is an error of this command alone.
fn guarded<T, R>(decide: impl FnOnce() -> Result<T, R>) -> Result<T, NotDecided<R>> {
    // What the closure borrows is thrown away after a panic, so nobody sees it half changed.
    match catch_unwind(AssertUnwindSafe(decide)) {
        Ok(decided) => decided.map_err(NotDecided::Refused),
        Err(panic) => Err(NotDecided::Broken(format!("panicked: {}", said(&*panic)))),
    }
}

/// The message of a panic.
fn said(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

/// The events as they leave, and the status after them: into `members` and into each event.
fn stamped<D: 'static, C: Decision<D>>(
    emitted: &C::Events,
    members: &mut Members,
    status: Option<&str>,
) -> Result<Vec<AnyEvent>, serde_json::Error> {
    let mut events = Vec::new();
    emitted.append(&mut events)?;
    let status = if events.is_empty() {
        status
    } else {
        status_after(&C::ACCESS.to, status, &events)
    };
    if let (Some(status), Some(_)) = (status, C::Aggregate::INITIAL_STATUS) {
        members.insert(STATUS.to_owned(), status.into());
        for event in &mut events {
            event.data.insert(STATUS.to_owned(), status.into());
        }
    }
    Ok(events)
}

/// The status after a command; with several events, the last one in the table decides.
fn status_after<'a>(
    to: &StatusChange,
    now: Option<&'a str>,
    events: &[AnyEvent],
) -> Option<&'a str> {
    match to {
        StatusChange::Unchanged => now,
        StatusChange::To(status) => Some(status),
        StatusChange::ByEvent(table) => events
            .iter()
            .rev()
            .find_map(|event| table.iter().find(|(kind, _)| *kind == event.kind))
            .map_or(now, |(_, status)| Some(status)),
    }
}

/// The members that differ, in the order of their names.
fn changed(old: &Members, new: &Members) -> BTreeSet<String> {
    let names = old.keys().chain(new.keys());
    names
        .filter(|name| value(old, name) != value(new, name))
        .cloned()
        .collect()
}

/// A member; one that is left out is as good as null.
fn value<'a>(members: &'a Members, name: &str) -> &'a Value {
    members.get(name).unwrap_or(&Value::Null)
}

fn keeps_to_writes<R>(access: &Access, changed: &BTreeSet<String>) -> Result<(), NotDecided<R>> {
    let allowed = |name: &String| access.writes.contains(&name.as_str());
    match changed.iter().find(|name| !allowed(name)) {
        None => Ok(()),
        Some(name) => Err(NotDecided::Broken(format!(
            "changed `{name}`, which is neither in its `input` nor in its `sets`"
        ))),
    }
}

/// Whether the members that `checked` names satisfy the schema.
fn keeps_schema<D: 'static, C: Decision<D>>(
    members: &Members,
    checked: impl Fn(&str) -> bool,
) -> Result<(), NotDecided<C::Refusal>> {
    if let Some((list, id)) = C::Aggregate::SCHEMA.repeated_id(members) {
        return Err(NotDecided::Repeated { list, id });
    }
    let violations = C::Aggregate::SCHEMA.check(members);
    let member = |pointer: &str| pointer.split('/').nth(1).is_some_and(&checked);
    match violations.iter().find(|one| member(&one.pointer)) {
        None => Ok(()),
        Some(one) => Err(NotDecided::Broken(format!(
            "left `{}` as the description does not allow: it {}",
            one.pointer, one.detail
        ))),
    }
}
