//! Members between their JSON forms and the values of PostgreSQL's columns.
//!
//! Json, value objects and lists are texts of their JSON: `jsonb` would change numbers and refuse
//! U+0000, and neither it nor `json` compares as texts do.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::civil;
use platform_contract::schema::{Column, Kind, decimal};
use platform_contract::value::{Date, Duration, Timestamp};
use platform_ports::engine::{EngineError, codec};
use serde_json::Value;

use super::value::{Sql, Type};

/// The type of a member's column.
pub(super) fn type_of(column: &Column) -> Type {
    if column.list {
        return Type::Text;
    }
    match column.kind {
        Kind::Text | Kind::Json | Kind::Enum(_) | Kind::Value(_) => Type::Text,
        Kind::Bool => Type::Bool,
        Kind::Int | Kind::Duration => Type::Int,
        Kind::Float => Type::Float,
        Kind::Decimal { .. } => Type::Numeric,
        Kind::Uuid => Type::Uuid,
        Kind::Date => Type::Date,
        Kind::Timestamp => Type::Instant,
        Kind::Bytes => Type::Bytes,
    }
}

/// The member `value` of `column` as PostgreSQL keeps it.
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
        (Kind::Bool, Value::Bool(truth)) => Some(Sql::Bool(truth)),
        (Kind::Int, value) => value.as_i64().map(Sql::Int),
        (Kind::Float, value) => value.as_f64().map(Sql::Float),
        (Kind::Json, value) | (Kind::Value(_), value @ Value::Object(_)) => {
            Some(Sql::Text(value.to_string()))
        }
        (Kind::Decimal { scale, .. }, Value::String(text)) => {
            Some(Sql::Numeric(decimal::to_scaled(&text, scale)?, scale))
        }
        (Kind::Duration, Value::String(text)) => {
            let span: Duration = text.parse().ok()?;
            i64::try_from(span.as_micros()).ok().map(Sql::Int)
        }
        (Kind::Bytes, Value::String(text)) => BASE64_STANDARD.decode(text).ok().map(Sql::Bytes),
        (Kind::Uuid, Value::String(text)) => text.parse().ok().map(Sql::Uuid),
        (Kind::Date, Value::String(text)) => days(text.parse().ok()?).map(Sql::Date),
        (Kind::Timestamp, Value::String(text)) => {
            let instant: Timestamp = text.parse().ok()?;
            Some(Sql::Instant(instant.as_microseconds()))
        }
        (Kind::Text | Kind::Enum(_), Value::String(text)) => Some(Sql::Text(text)),
        _ => None,
    }
}

/// The JSON form of what PostgreSQL keeps; `None` for NULL.
pub(super) fn decode(column: &Column, stored: Sql) -> Result<Option<Value>, EngineError> {
    let decoded = match stored {
        Sql::Null => return Ok(None),
        Sql::Text(text) if column.list => serde_json::from_str(&text).ok(),
        stored => decode_one(column.kind, stored),
    };
    decoded.map(Some).ok_or_else(|| codec::wrong_stored(column))
}

fn decode_one(kind: Kind, stored: Sql) -> Option<Value> {
    match (kind, stored) {
        (Kind::Json | Kind::Value(_), Sql::Text(text)) => serde_json::from_str(&text).ok(),
        (_, Sql::Text(text)) => Some(Value::String(text)),
        (_, Sql::Bool(truth)) => Some(Value::Bool(truth)),
        (Kind::Duration, Sql::Int(micros)) => {
            Some(Value::String(Duration::from_micros(micros).to_string()))
        }
        (_, Sql::Int(number)) => Some(Value::from(number)),
        (_, Sql::Float(number)) => Some(Value::from(number)),
        (_, Sql::Bytes(bytes)) => Some(Value::String(BASE64_STANDARD.encode(bytes))),
        (_, Sql::Uuid(uuid)) => Some(Value::String(uuid.to_string())),
        (_, Sql::Date(days)) => {
            let span = jiff::Span::new().try_days(days).ok()?;
            let date = civil::date(1970, 1, 1).checked_add(span).ok()?;
            Some(Value::String(date.to_string()))
        }
        (_, Sql::Instant(micros)) => Some(Value::String(
            Timestamp::from_microseconds(micros)?.to_string(),
        )),
        (_, Sql::Numeric(number, scale)) => {
            Some(Value::String(decimal::from_scaled(number, scale)))
        }
        (_, Sql::Null) => None,
    }
}

/// The days since 1970.
fn days(date: Date) -> Option<i32> {
    let since = date.duration_since(civil::date(1970, 1, 1));
    i32::try_from(since.as_hours() / 24).ok()
}
