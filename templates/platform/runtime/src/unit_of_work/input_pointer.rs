//! The member of its input, as a JSON pointer, by which a command would make of its aggregate what that
//! cannot be.

use serde_json::Value;
use uuid::Uuid;

use super::refusals;
use crate::Refused;
use platform_contract::schema::reference_token;
use platform_contract::value;

/// Two entities of a list would have one id.
///
/// # Errors
/// What the decision did, when it is not the input that names the id.
pub fn repeated_id(input: &Value, list: &str, id: Uuid) -> Result<Refused, String> {
    match pointer_in_members(input, "id", id) {
        Some(pointer) => {
            let detail = format!("is the id of another one in `{list}`");
            Ok(refusals::invalid_at(pointer, detail))
        }
        None => Err(format!("gave two of `{list}` the id {id}")),
    }
}

/// A member would name what does not exist. Where the input has it elsewhere, or not at all, the
/// aggregate's own member is named.
pub(super) fn missing_reference(input: &Value, member: &str, id: Uuid) -> Refused {
    let pointer = pointer_in_members(input, member, id);
    let pointer = pointer.unwrap_or_else(|| format!("/{member}"));
    refusals::invalid_at(pointer, "names nothing that exists")
}

/// Where the input first has an id in a member, or list, of this name.
fn pointer_in_members(input: &Value, member: &str, id: Uuid) -> Option<String> {
    match input {
        Value::Object(members) => members.iter().find_map(|(name, value)| {
            let within = match name == member {
                true => {
                    pointer_in_value(value, id).or_else(|| pointer_in_members(value, member, id))
                }
                false => pointer_in_members(value, member, id),
            };
            within.map(|within| format!("/{}{within}", reference_token(name)))
        }),
        Value::Array(elements) => elements.iter().enumerate().find_map(|(index, element)| {
            pointer_in_members(element, member, id).map(|within| format!("/{index}{within}"))
        }),
        _ => None,
    }
}

/// Where a value has the id: it is the value itself, or an element of it.
fn pointer_in_value(value: &Value, id: Uuid) -> Option<String> {
    let is_it = |value: &Value| {
        let text = value.as_str();
        text.and_then(value::uuid) == Some(id)
    };
    match value {
        Value::Array(elements) => {
            let index = elements.iter().position(is_it)?;
            Some(format!("/{index}"))
        }
        value => is_it(value).then(String::new),
    }
}
