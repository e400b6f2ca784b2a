//! The state before a command under test.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::values::timestamp;
use super::when::When;
use platform_contract::value::Timestamp;
use platform_runtime::decision::{Aggregate, Decision, Meta};
use platform_runtime::unit_of_work::STATUS;

/// The time of commands and events, unless a test says otherwise.
pub(super) const NOW: &str = "2026-01-31T12:00:00Z";

/// A state before a command.
#[derive(Debug, Clone)]
pub struct Given {
    pub(super) members: Option<Map<String, Value>>,
    pub(super) id: Uuid,
    pub(super) version: u64,
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
    /// The same in another status: `LoanStatus::Approved`.
    ///
    /// # Panics
    /// When it is no status.
    #[must_use]
    #[track_caller]
    pub fn in_status(mut self, status: impl Serialize + DeserializeOwned) -> Self {
        let status = match serde_json::to_value(status) {
            Ok(status @ Value::String(_)) => status,
            other => panic!("a status is a text in JSON, not {other:?}"),
        };
        let members = self.members.get_or_insert_default();
        members.insert(STATUS.to_owned(), status);
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
    pub fn when<D: 'static, C: Decision<D>>(self, command: C) -> When<D, C, ()> {
        When::new(self, command)
    }
}

/// The members with the initial status, where the state that was given has none.
#[track_caller]
pub(super) fn complete<A: Aggregate>(mut members: Map<String, Value>) -> Map<String, Value> {
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

/// The aggregate with these members.
#[track_caller]
pub(super) fn aggregate<A: Aggregate>(
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
