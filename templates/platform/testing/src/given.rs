//! Tests of decisions, without a server: given a state, when a command, then these events.
//!
//! The decision runs as in production: input, status, what it changed and what it left behind are
//! checked the same way, and whatever production would refuse to save fails the test.

use std::marker::PhantomData;

use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::values::timestamp;
use platform_contract::value::Timestamp;
use platform_contract::{AnyEvent, Emitted};
use platform_runtime::Refused;
use platform_runtime::context::{Caller, Context};
use platform_runtime::decision::{Aggregate, Decision, Meta};
use platform_runtime::unit_of_work::command_kind::STATUS;
use platform_runtime::unit_of_work::guard::{in_allowed_status, parse};
use platform_runtime::unit_of_work::input_pointer;
use platform_runtime::unit_of_work::refusals;
use platform_runtime::unit_of_work::{CommandKind, Decided, NotDecided, OfKind};

/// The time of commands and events, unless a test says otherwise.
pub(super) const NOW: &str = "2026-01-31T12:00:00Z";

/// A state before a command.
#[derive(Debug, Clone)]
pub struct Given {
    members: Option<Map<String, Value>>,
    id: Uuid,
    version: u64,
}

/// An aggregate that is there: as it is, or as a creation made it.
///
/// # Panics
/// When it is no object in JSON.
pub fn given(state: impl Serialize) -> Given {
    match serde_json::to_value(state) {
        Ok(Value::Object(members)) => Given {
            members: Some(members),
            ..given_nothing()
        },
        other => panic!("an aggregate is an object in JSON, not {other:?}"),
    }
}

/// Nothing: for commands that create.
pub const fn given_nothing() -> Given {
    Given {
        members: None,
        id: Uuid::from_u128(1),
        version: 1,
    }
}

impl Given {
    /// The same in another status.
    #[must_use]
    pub fn in_status(mut self, status: &str) -> Self {
        let members = self.members.get_or_insert_default();
        members.insert(STATUS.to_owned(), status.into());
        self
    }

    /// The same under this id.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<Uuid>) -> Self {
        self.id = id.into();
        self
    }

    /// The same at this version.
    #[must_use]
    pub const fn at_version(mut self, version: u64) -> Self {
        self.version = version;
        self
    }

    /// The aggregate itself: for what a decision or a policy looks at.
    ///
    /// # Panics
    /// When it is not as its description says.
    #[track_caller]
    pub fn into_aggregate<A: Aggregate>(self) -> A {
        let members = complete::<A>(self.members.unwrap_or_default());
        aggregate(members, (self.id, self.version, timestamp(NOW)))
    }

    /// The command under test.
    pub fn when<D: 'static, C: OfKind<D, W>, W: CommandKind<D, C>>(
        self,
        command: C,
    ) -> When<D, C, W, ()> {
        When {
            given: self,
            command,
            needs: (),
            caller: Caller::Anonymous,
            now: timestamp(NOW),
            way: PhantomData,
        }
    }
}

/// A command under test. Where it has needs, [`with`](When::with) has to give them first.
pub struct When<D, C, W, N> {
    given: Given,
    command: C,
    needs: N,
    caller: Caller,
    now: Timestamp,
    way: PhantomData<fn() -> (D, W)>,
}

impl<D: 'static, C: Decision<D>, W: CommandKind<D, C>> When<D, C, W, ()> {
    /// What the decision looks at.
    pub fn with(self, needs: C::Needs) -> When<D, C, W, C::Needs> {
        When {
            given: self.given,
            command: self.command,
            needs,
            caller: self.caller,
            now: self.now,
            way: PhantomData,
        }
    }
}

impl<D, C, W, N> When<D, C, W, N> {
    /// The time of the command.
    #[must_use]
    pub const fn at(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    /// Who asks.
    #[must_use]
    pub fn by(mut self, caller: Caller) -> Self {
        self.caller = caller;
        self
    }
}

/// What became of the command.
enum Outcome<R> {
    Decided(Decided),
    Declared(R),
    BuiltIn(Refused),
}

impl<D: 'static, C: Decision<D>, W: CommandKind<D, C>> When<D, C, W, C::Needs> {
    /// It emits just these events; what the aggregate is afterwards, `None` when it was deleted.
    ///
    /// # Panics
    /// When it does anything else.
    #[track_caller]
    pub fn then(self, expected: impl Emitted) -> Option<C::Aggregate> {
        let (before, now) = (self.given.clone(), self.now);
        let decided = match self.run() {
            Outcome::Decided(decided) => decided,
            Outcome::Declared(refusal) => panic!("{} was refused: {refusal:?}", C::NAME),
            Outcome::BuiltIn(refused) => panic!("{} was refused: {refused:?}", C::NAME),
        };
        let mut wanted = Vec::new();
        if let Err(error) = expected.append(&mut wanted) {
            panic!("an expected event has no JSON form: {error}");
        }
        // Every event carries the status, which the decision does not set itself.
        let unstamped =
            |events: &[AnyEvent]| events.iter().map(unstamped::<D, C>).collect::<Vec<_>>();
        let (emitted, wanted) = (unstamped(&decided.events), unstamped(&wanted));
        assert_eq!(
            emitted,
            wanted,
            "{} emitted other events (left) than expected (right)",
            C::NAME
        );
        let version = match before.members {
            Some(_) => before.version,
            None => 0,
        };
        let after = decided.members?;
        let meta = (before.id, version + wanted.len() as u64, now);
        Some(aggregate(after, meta))
    }

    /// It changes nothing and emits nothing.
    ///
    /// # Panics
    /// When it does anything else.
    #[track_caller]
    pub fn then_nothing(self) {
        self.then(None::<NoEvent>);
    }

    /// It is refused so.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn then_refused(self, expected: C::Refusal) {
        match self.run() {
            Outcome::Declared(refusal) => assert_eq!(refusal, expected, "{}", C::NAME),
            Outcome::BuiltIn(refused) => panic!("{} was refused: {refused:?}", C::NAME),
            Outcome::Decided(decided) => panic!("{} was not refused: {decided:?}", C::NAME),
        }
    }

    /// It is refused before the decision is asked: `wrong_status`, `not_found`, `invalid`.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn then_stopped(self, expected: &str) {
        match self.run() {
            Outcome::BuiltIn(refused) => assert_eq!(refused.name, expected, "{refused:?}"),
            Outcome::Declared(refusal) => panic!("{} was refused: {refusal:?}", C::NAME),
            Outcome::Decided(decided) => panic!("{} was not refused: {decided:?}", C::NAME),
        }
    }

    #[track_caller]
    fn run(self) -> Outcome<C::Refusal> {
        let input = match serde_json::to_value(&self.command) {
            Ok(input) => input,
            Err(error) => panic!("the input of {} has no JSON form: {error}", C::NAME),
        };
        let command = match parse::<D, C>(&input) {
            Ok(command) => command,
            Err(refused) => return Outcome::BuiltIn(refused),
        };
        let before = match (self.given.members, W::ON_EXISTING) {
            (None, false) => None,
            (None, true) => return Outcome::BuiltIn(refusals::not_found("aggregate")),
            (Some(_), false) => panic!("{} creates: start with `given_nothing()`", C::NAME),
            (Some(members), true) => {
                let meta = (self.given.id, self.given.version, self.now);
                let members = complete::<C::Aggregate>(members);
                if let Err(refused) = in_allowed_status::<D, C>(&members) {
                    return Outcome::BuiltIn(refused);
                }
                Some(aggregate(members, meta))
            }
        };
        let command_id = Uuid::from_u128(0xC0);
        let context = Context::new(self.caller, self.now, command_id, command_id);
        match W::decide(command, before.as_ref(), &self.needs, &context) {
            Ok(decided) => Outcome::Decided(decided),
            Err(NotDecided::Refused(refusal)) => Outcome::Declared(refusal),
            Err(NotDecided::Broken(what)) => panic!("the decision of {} {what}", C::NAME),
            Err(NotDecided::Repeated { list, id }) => {
                match input_pointer::repeated_id(&input, list, id) {
                    Ok(refused) => Outcome::BuiltIn(refused),
                    Err(what) => panic!("the decision of {} {what}", C::NAME),
                }
            }
        }
    }
}

/// The members with the initial status, where the state that was given has none.
#[track_caller]
fn complete<A: Aggregate>(mut members: Map<String, Value>) -> Map<String, Value> {
    if let Some(status) = A::INITIAL_STATUS {
        members.entry(STATUS).or_insert_with(|| Value::from(status));
    }
    A::SCHEMA.canonical(&mut members);
    let violations = A::SCHEMA.check(&members);
    assert!(
        violations.is_empty(),
        "the {} that is given is not as its description says: {violations:#?}",
        A::SCHEMA.name
    );
    members
}

#[track_caller]
fn aggregate<A: Aggregate>(
    members: Map<String, Value>,
    (id, version, now): (Uuid, u64, Timestamp),
) -> A {
    let mut aggregate: A = match serde_json::from_value(Value::Object(members)) {
        Ok(aggregate) => aggregate,
        Err(error) => panic!("what is given is no {}: {error}", A::SCHEMA.name),
    };
    aggregate.set_meta(Meta {
        id: id.into(),
        version,
        created_at: now,
        updated_at: now,
    });
    aggregate
}

/// An event as the decision returned it.
fn unstamped<D: 'static, C: Decision<D>>(event: &AnyEvent) -> AnyEvent {
    let mut event = event.clone();
    if C::Aggregate::INITIAL_STATUS.is_some() {
        event.data.remove(STATUS);
    }
    event
}

/// An event that never happens.
#[derive(Debug)]
enum NoEvent {}

impl Emitted for NoEvent {
    fn append(&self, _: &mut Vec<AnyEvent>) -> Result<(), serde_json::Error> {
        match *self {}
    }
}
