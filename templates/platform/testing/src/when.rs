//! Tests of decisions, without a server: given a state, when a command, then these events.
//!
//! The decision runs as in production: input, status, what it changed and what it left behind are
//! checked the same way, and whatever production would refuse to save fails the test.

use std::marker::PhantomData;

use uuid::Uuid;

use super::given::{Given, NOW, aggregate, complete};
use super::values::timestamp;
use platform_contract::value::Timestamp;
use platform_contract::{AnyEvent, Emitted, Refusal};
use platform_runtime::Refused;
use platform_runtime::context::{Caller, Context};
use platform_runtime::decision::{Aggregate, Decision};
use platform_runtime::unit_of_work::{
    CommandKind, Decided, NotDecided, STATUS, in_allowed_status, parse, refusals, repeated_id,
};

/// A command under test. Where it has needs, [`with`](When::with) has to give them first.
pub struct When<D, C, N> {
    given: Given,
    command: C,
    needs: N,
    caller: Caller,
    now: Timestamp,
    decider: PhantomData<fn() -> D>,
}

impl<D: 'static, C: Decision<D>> When<D, C, ()> {
    /// What the decision looks at.
    pub fn with(self, needs: C::Needs) -> When<D, C, C::Needs> {
        When {
            given: self.given,
            command: self.command,
            needs,
            caller: self.caller,
            now: self.now,
            decider: PhantomData,
        }
    }
}

impl<D, C> When<D, C, ()> {
    /// A command on a state.
    pub(super) fn new(given: Given, command: C) -> Self {
        Self {
            given,
            command,
            needs: (),
            caller: Caller::Anonymous,
            now: timestamp(NOW),
            decider: PhantomData,
        }
    }
}

impl<D, C, N> When<D, C, N> {
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

impl<D: 'static, C: Decision<D>> When<D, C, C::Needs> {
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

    /// It is refused so; of reasons for people, which may change, only one that is given here counts.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn then_refused(self, expected: C::Refusal) {
        match self.run() {
            Outcome::Declared(refusal) => {
                assert_eq!(refusal.name(), expected.name(), "{}", C::NAME);
                if expected.reason().is_some() {
                    assert_eq!(refusal.reason(), expected.reason(), "{}", C::NAME);
                }
            }
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
        let command = match parse::<D, C>(&input, self.now) {
            Ok(command) => command,
            Err(refused) => return Outcome::BuiltIn(refused),
        };
        let before = match (self.given.members, C::Kind::ON_EXISTING) {
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
        match C::DECIDE.decide(command, before.as_ref(), &self.needs, &context) {
            Ok(decided) => Outcome::Decided(decided),
            Err(NotDecided::Refused(refusal)) => Outcome::Declared(refusal),
            Err(NotDecided::Broken(what)) => panic!("the decision of {} {what}", C::NAME),
            Err(NotDecided::Repeated { list, id }) => match repeated_id(&input, list, id) {
                Ok(refused) => Outcome::BuiltIn(refused),
                Err(what) => panic!("the decision of {} {what}", C::NAME),
            },
        }
    }
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
