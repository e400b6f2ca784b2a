//! What the encodings of members have in common, whatever an engine keeps them in.

use serde_json::Value;

use super::EngineError;
use platform_contract::schema::{Column, Kind, canonical_value};

/// Added to negative numbers before they become 38 digits, so that these order as they do.
const COMPLEMENT: i128 = 10_i128.pow(38);

/// The member `value` of `column` in its one JSON form; `None` when it is absent.
pub fn given(column: &Column, value: Option<&Value>) -> Option<Value> {
    match value {
        None => None,
        Some(Value::Null) if column.optional || !matches!(column.kind, Kind::Json) => None,
        Some(value) => Some(canonical_value(column, value)),
    }
}

/// A whole number of at most 38 digits as a text of fixed width that orders as numbers do.
pub fn ordered(number: i128) -> String {
    if number < 0 {
        format!("0{:038}", COMPLEMENT + number)
    } else {
        format!("1{number:038}")
    }
}

/// [`ordered`] turned around; `None` when the text is none of its own.
pub fn from_ordered(text: &str) -> Option<i128> {
    let (sign, digits) = text.split_at_checked(1)?;
    let number: i128 = digits.parse().ok()?;
    Some(match sign {
        "0" => number - COMPLEMENT,
        _ => number,
    })
}

/// What a member is that cannot be kept.
pub fn wrong_value(column: &Column) -> EngineError {
    EngineError::Corrupt(format!("the value of `{}` is not of its type", column.name))
}

/// What is kept that cannot be the member's.
pub fn wrong_stored(column: &Column) -> EngineError {
    EngineError::Corrupt(format!(
        "what is stored as `{}` is not of its type",
        column.name
    ))
}
