//! The one JSON form of a value of each kind, and what keeps a value from having it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::{Kind, canonical, decimal};
use crate::value::{self, Date, Duration, Timestamp};

/// What is wrong with a value: the rule that it breaks.
pub(super) type Wrong = Cow<'static, str>;

/// The value in the one form of its kind, or what is wrong with it. Of a value object the object
/// alone is looked at, not whether its members are all there.
pub(super) fn form(kind: Kind, value: &Value) -> Result<Value, Wrong> {
    match kind {
        Kind::Text => text(value),
        Kind::Bool => value
            .as_bool()
            .map(Value::Bool)
            .ok_or(Cow::Borrowed("must be true or false")),
        Kind::Int => int(value),
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
            _ => Err("must be an object".into()),
        },
    }
}

fn text(value: &Value) -> Result<Value, Wrong> {
    let text = value.as_str().ok_or("must be a text")?;
    // PostgreSQL has no such character in its texts.
    if text.contains('\0') {
        return Err("must not contain the character U+0000".into());
    }
    Ok(value.clone())
}

fn int(value: &Value) -> Result<Value, Wrong> {
    // To JSON 1.0 and 1 are one number; it is exact as long as a binary64 tells it from its neighbours.
    let exact = |number: &f64| number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0;
    let whole = || value.as_f64().filter(exact).map(|number| number as i64);
    value
        .as_i64()
        .or_else(whole)
        .map(Value::from)
        .ok_or_else(|| format!("must be a whole number from {} to {}", i64::MIN, i64::MAX).into())
}

fn float(value: &Value) -> Result<Value, Wrong> {
    if !value.is_number() {
        return Err("must be a number".into());
    }
    let number = value.as_f64().filter(|number| number.is_finite());
    let number =
        number.ok_or_else(|| format!("must be a number from {:e} to {:e}", f64::MIN, f64::MAX))?;
    // There is one zero: -0.0 would be another text, but equal and stored alike.
    Ok(Value::from(if number == 0.0 { 0.0 } else { number }))
}

fn decimal_form(value: &Value, precision: u8, scale: u8) -> Result<Value, Wrong> {
    let refused = "must be a decimal as a text, such as \"12.50\"";
    let text = value.as_str().ok_or(refused)?;
    let (whole, fraction) = decimal::parts(text).ok_or(refused)?;
    if fraction.trim_end_matches('0').len() > usize::from(scale) {
        return Err(format!("must have at most {scale} digits after the point").into());
    }
    let before = precision.saturating_sub(scale);
    if whole.trim_start_matches('0').len() > usize::from(before) {
        return Err(format!("must have at most {before} digits before the point").into());
    }
    let scaled = decimal::to_scaled(text, scale).ok_or(refused)?;
    Ok(Value::String(decimal::from_scaled(scaled, scale)))
}

fn uuid(given: &Value) -> Result<Value, Wrong> {
    let uuid = given.as_str().and_then(value::uuid);
    uuid.map(|uuid| Value::String(uuid.to_string()))
        .ok_or(Cow::Borrowed(value::NO_UUID))
}

fn date(value: &Value) -> Result<Value, Wrong> {
    let refused = "must be a date from 0000-01-01 to 9999-12-31, such as \"2026-01-31\"";
    let text = value.as_str().ok_or(refused)?;
    let date: Date = text.parse().map_err(|_| refused)?;
    // The parser knows more forms than this one, and years outside of four digits.
    if date.to_string() == text && date.year() >= 0 {
        Ok(value.clone())
    } else {
        Err(refused.into())
    }
}

fn timestamp(value: &Value) -> Result<Value, Wrong> {
    // Where the library's instants end, every offset of a zone still has a date of four digits.
    let refused = "must be an instant from 0000-01-01T00:00:00Z to 9999-12-30T22:00:00.999999Z, \
                   such as \"2026-01-31T12:00:00Z\"";
    let text = value.as_str().ok_or(refused)?;
    let instant: Timestamp = text.parse().map_err(|_| refused)?;
    let form = instant.to_string();
    // Texts order as instants do only while the year has four digits.
    if form.len() == "2026-01-31T12:00:00.000000Z".len() {
        Ok(Value::String(form))
    } else {
        Err(refused.into())
    }
}

fn duration(given: &Value) -> Result<Value, Wrong> {
    // As many microseconds as an integer of 64 bit has room for.
    let refused = "must be a span of weeks, days, hours, minutes and seconds, such as \"PT1H30M\", \
                   of at most 9223372036854 seconds in either direction";
    let span = given.as_str().and_then(value::duration).ok_or(refused)?;
    let micros = i64::try_from(span.as_micros()).map_err(|_| refused)?;
    Ok(Value::String(Duration::from_micros(micros).to_string()))
}

fn bytes(value: &Value) -> Result<Value, Wrong> {
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

fn one_of(value: &Value, texts: &[&str]) -> Result<Value, Wrong> {
    match value.as_str() {
        Some(text) if texts.contains(&text) => Ok(value.clone()),
        _ => Err(format!("must be one of `{}`", texts.join("`, `")).into()),
    }
}
