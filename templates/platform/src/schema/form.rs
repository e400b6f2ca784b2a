//! The one JSON form of a value of each kind, and what keeps a value from having it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use uuid::Uuid;

use super::{Kind, canonical, decimal};
use crate::value::{Date, Duration, Timestamp};

/// The value in the one form of its kind, or what is wrong with it. Of a value object the object
/// alone is looked at, not whether its members are all there.
pub(super) fn form(kind: Kind, value: &Value) -> Result<Value, &'static str> {
    match kind {
        Kind::Text => text(value),
        Kind::Bool => value
            .as_bool()
            .map(Value::Bool)
            .ok_or("must be true or false"),
        Kind::Int => value
            .as_i64()
            .map(Value::from)
            .ok_or("must be a whole number of 64 bits"),
        Kind::Float => float(value),
        Kind::Decimal { precision, scale } => decimal_form(value, precision, scale),
        Kind::Uuid => uuid(value),
        Kind::Date => date(value),
        Kind::Timestamp => timestamp(value),
        Kind::Duration => duration(value),
        Kind::Bytes => bytes(value),
        Kind::Json => Ok(sorted(value)),
        Kind::Enum(texts) => one_of(value, texts),
        Kind::Value(columns) => match value {
            Value::Object(members) => {
                let mut members = members.clone();
                canonical(columns, &mut members);
                Ok(Value::Object(members))
            }
            _ => Err("must be an object"),
        },
    }
}

fn text(value: &Value) -> Result<Value, &'static str> {
    let text = value.as_str().ok_or("must be a text")?;
    // PostgreSQL has no such character in its texts.
    if text.contains('\0') {
        return Err("must not contain the character U+0000");
    }
    Ok(value.clone())
}

fn float(value: &Value) -> Result<Value, &'static str> {
    let number = value
        .as_f64()
        .filter(|number| number.is_finite())
        .ok_or("must be a number")?;
    // There is one zero: -0.0 would be another text, but equal and stored alike.
    Ok(Value::from(if number == 0.0 { 0.0 } else { number }))
}

fn decimal_form(value: &Value, precision: u8, scale: u8) -> Result<Value, &'static str> {
    let text = value
        .as_str()
        .ok_or("must be a decimal as a text, such as \"12.50\"")?;
    let scaled = decimal::to_scaled(text, scale)
        .ok_or("must be a decimal with no more digits after the point than it may have")?;
    if scaled
        .unsigned_abs()
        .checked_ilog10()
        .is_some_and(|log| log >= u32::from(precision))
    {
        return Err("has more digits than it may have");
    }
    Ok(Value::String(decimal::from_scaled(scaled, scale)))
}

fn uuid(value: &Value) -> Result<Value, &'static str> {
    let text = value.as_str().filter(|text| text.len() == 36);
    text.and_then(|text| Uuid::try_parse(text).ok())
        .map(|uuid| Value::String(uuid.to_string()))
        .ok_or("must be a UUID")
}

fn date(value: &Value) -> Result<Value, &'static str> {
    let refused = "must be a date, such as \"2026-01-31\"";
    let text = value.as_str().ok_or(refused)?;
    let date: Date = text.parse().map_err(|_| refused)?;
    // The parser knows more forms than this one, and years outside of four digits.
    if date.to_string() == text && date.year() >= 0 {
        Ok(value.clone())
    } else {
        Err(refused)
    }
}

fn timestamp(value: &Value) -> Result<Value, &'static str> {
    let refused = "must be an instant, such as \"2026-01-31T12:00:00Z\"";
    let text = value.as_str().ok_or(refused)?;
    let instant: Timestamp = text.parse().map_err(|_| refused)?;
    let form = instant.to_string();
    // Texts order as instants do only while the year has four digits.
    if form.len() == "2026-01-31T12:00:00.000000Z".len() {
        Ok(Value::String(form))
    } else {
        Err(refused)
    }
}

fn duration(value: &Value) -> Result<Value, &'static str> {
    let refused = "must be a span of time, such as \"PT1H30M\"";
    let text = value.as_str().ok_or(refused)?;
    // The parser knows a second, friendlier form.
    if !text.trim_start_matches(['-', '+']).starts_with('P') {
        return Err(refused);
    }
    let span: Duration = text.parse().map_err(|_| refused)?;
    let micros = i64::try_from(span.as_micros()).map_err(|_| "is too long a span of time")?;
    Ok(Value::String(Duration::from_micros(micros).to_string()))
}

fn bytes(value: &Value) -> Result<Value, &'static str> {
    let refused = "must be bytes in base64";
    let bytes = BASE64_STANDARD
        .decode(value.as_str().ok_or(refused)?)
        .map_err(|_| refused)?;
    Ok(Value::String(BASE64_STANDARD.encode(bytes)))
}

/// Objects with their members in the order of their names, whatever map the JSON library uses.
fn sorted(value: &Value) -> Value {
    let mut value = value.clone();
    value.sort_all_objects();
    value
}

fn one_of(value: &Value, texts: &[&str]) -> Result<Value, &'static str> {
    match value.as_str() {
        Some(text) if texts.contains(&text) => Ok(value.clone()),
        _ => Err("is none of the allowed values"),
    }
}
