//! Members between their JSON forms and the values of BSON.
//!
//! Every encoding orders as its values do, and MongoDB orders texts by their bytes: Text, Uuid, Date,
//! Timestamp and Enum are strings; Bool a bool; Int an int64; Float a double; Bytes the string of
//! their hexadecimal digits (binary data would order by length first); Duration the int64 of its
//! microseconds (dates of BSON have only milliseconds); a Decimal of at most 18 digits the int64 of
//! its last digit's unit, a longer one a string of fixed width. Json and value objects are strings of
//! their JSON, for BSON has not all of its numbers. A list is an array of such values.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mongodb::bson::Bson;
use platform_contract::schema::{Column, Kind, decimal};
use platform_contract::value::Duration;
use platform_ports::engine::{EngineError, codec};
use serde_json::Value;

/// Decimals of more digits are texts.
const INTEGER_DIGITS: u8 = 18;

/// The member `value` of `column` as MongoDB keeps it.
pub(super) fn encode(column: &Column, value: Option<&Value>) -> Result<Bson, EngineError> {
    let Some(value) = codec::given(column, value) else {
        return Ok(Bson::Null);
    };
    let encoded = match value {
        Value::Array(elements) if column.list => elements
            .into_iter()
            .map(|element| encode_one(column.kind, element))
            .collect::<Option<Vec<_>>>()
            .map(Bson::Array),
        _ if column.list => None,
        value => encode_one(column.kind, value),
    };
    encoded.ok_or_else(|| codec::wrong_value(column))
}

fn encode_one(kind: Kind, value: Value) -> Option<Bson> {
    match (kind, value) {
        (Kind::Bool, Value::Bool(truth)) => Some(Bson::Boolean(truth)),
        (Kind::Int, value) => value.as_i64().map(Bson::Int64),
        (Kind::Float, value) => value.as_f64().map(Bson::Double),
        (Kind::Json, value) | (Kind::Value(_), value @ Value::Object(_)) => {
            Some(Bson::String(value.to_string()))
        }
        (Kind::Decimal { precision, scale }, Value::String(text)) => {
            encode_decimal(&text, precision, scale)
        }
        (Kind::Duration, Value::String(text)) => {
            let span: Duration = text.parse().ok()?;
            i64::try_from(span.as_micros()).ok().map(Bson::Int64)
        }
        (Kind::Bytes, Value::String(text)) => {
            let bytes = BASE64_STANDARD.decode(text).ok()?;
            let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
            Some(Bson::String(digits.collect()))
        }
        (
            Kind::Text | Kind::Uuid | Kind::Date | Kind::Timestamp | Kind::Enum(_),
            Value::String(text),
        ) => Some(Bson::String(text)),
        _ => None,
    }
}

fn encode_decimal(text: &str, precision: u8, scale: u8) -> Option<Bson> {
    let number = decimal::to_scaled(text, scale)?;
    if precision <= INTEGER_DIGITS {
        return i64::try_from(number).ok().map(Bson::Int64);
    }
    Some(Bson::String(codec::ordered(number)))
}

/// The JSON form of what MongoDB keeps; `None` for what is absent.
pub(super) fn decode(column: &Column, stored: Option<&Bson>) -> Result<Option<Value>, EngineError> {
    let decoded = match stored {
        None | Some(Bson::Null) => return Ok(None),
        Some(Bson::Array(elements)) if column.list => elements
            .iter()
            .map(|element| decode_one(column.kind, element))
            .collect::<Option<Vec<_>>>()
            .map(Value::Array),
        Some(_) if column.list => None,
        Some(stored) => decode_one(column.kind, stored),
    };
    decoded.map(Some).ok_or_else(|| codec::wrong_stored(column))
}

fn decode_one(kind: Kind, stored: &Bson) -> Option<Value> {
    match (kind, stored) {
        (Kind::Bool, Bson::Boolean(truth)) => Some(Value::Bool(*truth)),
        (Kind::Float, Bson::Double(number)) => Some(Value::from(*number)),
        (Kind::Int, stored) => whole(stored).map(Value::from),
        (Kind::Json | Kind::Value(_), Bson::String(text)) => serde_json::from_str(text).ok(),
        (Kind::Bytes, Bson::String(text)) => decode_bytes(text),
        (Kind::Decimal { scale, .. }, Bson::String(text)) => {
            let number = codec::from_ordered(text)?;
            Some(Value::String(decimal::from_scaled(number, scale)))
        }
        (Kind::Decimal { scale, .. }, stored) => {
            let number = whole(stored)?;
            Some(Value::String(decimal::from_scaled(number.into(), scale)))
        }
        (Kind::Duration, stored) => {
            let span = Duration::from_micros(whole(stored)?);
            Some(Value::String(span.to_string()))
        }
        (
            Kind::Text | Kind::Uuid | Kind::Date | Kind::Timestamp | Kind::Enum(_),
            Bson::String(text),
        ) => Some(Value::String(text.clone())),
        _ => None,
    }
}

fn decode_bytes(digits: &str) -> Option<Value> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
    Some(Value::String(BASE64_STANDARD.encode(bytes?)))
}

fn whole(stored: &Bson) -> Option<i64> {
    match stored {
        Bson::Int64(number) => Some(*number),
        // Whoever changes a document by hand is likely to write this.
        Bson::Int32(number) => Some((*number).into()),
        _ => None,
    }
}
