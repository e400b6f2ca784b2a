//! What is checked before a decision: the input, what is there, and its status.

use serde_json::{Map, Value};

use super::aggregate_row::from_row;
use super::attempt::{Attempt, done};
use super::command_kind::{CommandKind, STATUS};
use super::refusals;
use crate::decision::{Aggregate, Decision};
use crate::{Executed, Refused};
use platform_contract::AggregateType;
use platform_contract::schema::{self, personal::unfit};
use platform_contract::value::Timestamp;
use platform_ports::engine::{EngineError, Found};

/// What is there before a decision.
pub(super) struct Current<A> {
    /// Its version, also after its deletion; 0: it never was.
    pub(super) version: u64,
    /// The aggregate, unless it is to be created.
    pub(super) aggregate: Option<A>,
}

/// What the guard says of a command.
pub(super) enum Guarded<A> {
    /// The decision may be made.
    Proceed(Current<A>),
    /// This very command has created the aggregate before.
    AlreadyDone(Executed),
    /// The command is refused.
    Refused(Refused),
}

impl Attempt<'_> {
    /// Refuses what cannot be done with what is there, and finds what was done already.
    pub(super) fn guard<D: 'static, C: Decision<D>>(
        &self,
        found: Found,
    ) -> Result<Guarded<C::Aggregate>, EngineError> {
        let version = version_of(&found);
        let row = match (found, C::Kind::ON_EXISTING) {
            (Found::Live(row), true) => row,
            // What is created under a derived id and is there already was created by this very
            // command, delivered once more.
            (Found::Live(row), false) => {
                let aggregate: C::Aggregate = from_row(row)?;
                return Ok(Guarded::AlreadyDone(done(&aggregate)?));
            }
            (Found::Nothing | Found::Deleted(_), false) => {
                return Ok(Guarded::Proceed(Current {
                    version,
                    aggregate: None,
                }));
            }
            (Found::Nothing, true) => {
                return Ok(Guarded::Refused(refusals::not_found(kind_of::<D, C>())));
            }
            (Found::Deleted(_), true) => {
                return Ok(Guarded::Refused(refusals::deleted(kind_of::<D, C>())));
            }
        };
        if !self.is_meant_for(version) {
            return Ok(Guarded::Refused(refusals::version_mismatch(version)));
        }
        if let Err(refused) = in_allowed_status::<D, C>(&row.members) {
            return Ok(Guarded::Refused(refused));
        }
        Ok(Guarded::Proceed(Current {
            version,
            aggregate: Some(from_row(row)?),
        }))
    }

    /// Whether the caller has seen this version, or does not say what it has seen.
    fn is_meant_for(&self, version: u64) -> bool {
        let seen = self.request.if_version.as_ref();
        seen.is_none_or(|seen| seen.contains(&version))
    }
}

/// The command in its input's JSON form, with defaults where that leaves something out; `now` is its
/// time. Nothing at all is an input without members.
pub fn parse<D: 'static, C: Decision<D>>(input: &Value, now: Timestamp) -> Result<C, Refused> {
    let mut members = match input {
        Value::Object(members) => members.clone(),
        Value::Null => Map::new(),
        _ => return Err(refusals::invalid_at("", "must be an object")),
    };
    let violations = schema::check(C::INPUT, &members);
    if !violations.is_empty() {
        return Err(refusals::invalid(violations));
    }
    schema::complete(C::INPUT, &mut members, now);
    schema::canonical(C::INPUT, &mut members);
    serde_json::from_value(Value::Object(members))
        .map_err(|error| refusals::invalid_at("", unfit(C::INPUT, &error)))
}

/// Whether the status allows the command.
pub fn in_allowed_status<D: 'static, C: Decision<D>>(
    members: &Map<String, Value>,
) -> Result<(), Refused> {
    let allowed = C::ACCESS.from;
    match members.get(STATUS).and_then(Value::as_str) {
        Some(status) if !allowed.is_empty() && !allowed.contains(&status) => {
            Err(refusals::wrong_status(kind_of::<D, C>(), status, allowed))
        }
        _ => Ok(()),
    }
}

/// The kind of aggregate it is on, in snake case.
fn kind_of<D: 'static, C: Decision<D>>() -> &'static str {
    <<C::Aggregate as Aggregate>::Type as AggregateType>::NAME
}

/// The version that a row has, or its deletion; 0: it never was.
pub(super) fn version_of(found: &Found) -> u64 {
    match found {
        Found::Nothing => 0,
        Found::Deleted(version) => *version,
        Found::Live(row) => row.version,
    }
}
