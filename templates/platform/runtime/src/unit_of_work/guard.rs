//! What is asked before a decision: of the input, and of the status.

use serde_json::{Map, Value};

use super::command_kind::STATUS;
use super::refusals;
use crate::Refused;
use crate::decision::{Aggregate, Decision};
use platform_contract::AggregateType;
use platform_contract::schema;

/// The command in its input's JSON form; nothing at all is an input without members.
pub fn parse<D: 'static, C: Decision<D>>(input: &Value) -> Result<C, Refused> {
    let mut members = match input {
        Value::Object(members) => members.clone(),
        Value::Null => Map::new(),
        _ => return Err(refusals::invalid_at("", "must be an object")),
    };
    let violations = schema::check(C::INPUT, &members);
    if !violations.is_empty() {
        return Err(refusals::invalid(violations));
    }
    schema::canonical(C::INPUT, &mut members);
    serde_json::from_value(Value::Object(members))
        .map_err(|error| refusals::invalid_at("", error.to_string()))
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
pub fn kind_of<D: 'static, C: Decision<D>>() -> &'static str {
    <<C::Aggregate as Aggregate>::Type as AggregateType>::NAME
}
