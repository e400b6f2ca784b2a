//! Members between their JSON forms and the values of SQLite's columns.
//!
//! Every encoding orders as its values do: Text, Uuid, Date, Timestamp and Enum are TEXT; Bool and
//! Int INTEGER; Float REAL; Bytes BLOB; Duration the INTEGER of its microseconds; a Decimal of at
//! most 18 digits the INTEGER of its last digit's unit, a longer one a TEXT of fixed width. Json,
//! value objects and lists are the TEXT of their JSON.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use platform_contract::schema::{Column, Kind, decimal};
use platform_contract::value::Duration;
use platform_ports::engine::{EngineError, codec};
use rusqlite::types::{Value as Sql, ValueRef};
use serde_json::Value;

/// Decimals of more digits are texts.
const INTEGER_DIGITS: u8 = 18;

/// The member `value` of `column` as SQLite keeps it.
pub(super) fn encode(column: &Column, value: Option<&Value>) -> Result<Sql, EngineError> {
    let Some(value) = codec::given(column, value) else {
        return Ok(Sql::Null);
    };
    let encoded = if column.list {
        value.is_array().then(|| Sql::Text(value.to_string()))
    } else {
        encode_one(column.kind, value)
    };
    encoded.ok_or_else(|| codec::wrong_value(column))
}

fn encode_one(kind: Kind, value: Value) -> Option<Sql> {
    match (kind, value) {
        (Kind::Bool, Value::Bool(truth)) => Some(Sql::Integer(truth.into())),
        (Kind::Int, value) => value.as_i64().map(Sql::Integer),
        (Kind::Float, value) => value.as_f64().map(Sql::Real),
        (Kind::Json, value) | (Kind::Value(_), value @ Value::Object(_)) => {
            Some(Sql::Text(value.to_string()))
        }
        (Kind::Decimal { precision, scale }, Value::String(text)) => {
            encode_decimal(&text, precision, scale)
        }
        (Kind::Duration, Value::String(text)) => {
            let span: Duration = text.parse().ok()?;
            i64::try_from(span.as_micros()).ok().map(Sql::Integer)
        }
        (Kind::Bytes, Value::String(text)) => BASE64_STANDARD.decode(text).ok().map(Sql::Blob),
        (
            Kind::Text | Kind::Uuid | Kind::Date | Kind::Timestamp | Kind::Enum(_),
            Value::String(text),
        ) => Some(Sql::Text(text)),
        _ => None,
    }
}

fn encode_decimal(text: &str, precision: u8, scale: u8) -> Option<Sql> {
    let number = decimal::to_scaled(text, scale)?;
    if precision <= INTEGER_DIGITS {
        return i64::try_from(number).ok().map(Sql::Integer);
    }
    Some(Sql::Text(codec::ordered(number)))
}

/// The JSON form of what SQLite keeps; `None` for NULL.
pub(super) fn decode(column: &Column, stored: ValueRef<'_>) -> Result<Option<Value>, EngineError> {
    let decoded = match stored {
        ValueRef::Null => return Ok(None),
        ValueRef::Text(text) => std::str::from_utf8(text).ok().and_then(|text| {
            if column.list {
                serde_json::from_str(text).ok()
            } else {
                decode_text(column.kind, text)
            }
        }),
        ValueRef::Integer(number) => decode_integer(column.kind, number),
        ValueRef::Real(number) => matches!(column.kind, Kind::Float).then(|| Value::from(number)),
        ValueRef::Blob(bytes) => {
            matches!(column.kind, Kind::Bytes).then(|| Value::String(BASE64_STANDARD.encode(bytes)))
        }
    };
    decoded.map(Some).ok_or_else(|| codec::wrong_stored(column))
}

fn decode_text(kind: Kind, text: &str) -> Option<Value> {
    match kind {
        Kind::Json | Kind::Value(_) => serde_json::from_str(text).ok(),
        Kind::Decimal { scale, .. } => {
            let number = codec::from_ordered(text)?;
            Some(Value::String(decimal::from_scaled(number, scale)))
        }
        _ => Some(Value::String(text.to_owned())),
    }
}

fn decode_integer(kind: Kind, number: i64) -> Option<Value> {
    match kind {
        Kind::Bool => Some(Value::Bool(number != 0)),
        Kind::Int => Some(Value::from(number)),
        Kind::Decimal { scale, .. } => {
            Some(Value::String(decimal::from_scaled(number.into(), scale)))
        }
        Kind::Duration => Some(Value::String(Duration::from_micros(number).to_string())),
        _ => None,
    }
}
