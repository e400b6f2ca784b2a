//! Members between their JSON forms and the texts by which searches compare them.
//!
//! These texts order byte by byte as their values do. Those of Text, Uuid, Date, Timestamp and Enum
//! are the JSON forms themselves. Int and Duration (its microseconds) are 16 hexadecimal digits with
//! the sign turned, Float those of its bits; a Decimal is 39 digits, the first of which is the sign;
//! Bool is `0` or `1`; Bytes are hexadecimal. Value objects, JSON and lists are not compared.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use platform_contract::schema::{Column, Kind, canonical_value, decimal};
use platform_contract::value::Duration;
use platform_ports::engine::{EngineError, codec};
use serde_json::Value;

use super::error::corrupt;

const SIGN: u64 = 1 << 63;

/// Where a function finds what it compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ComparisonSource {
    /// Among the JSON forms.
    Members,
    /// Among the texts that are kept for comparing alone.
    Compared,
    /// Nowhere: it is not searched by.
    Nowhere,
}

/// Where a column's values are found.
pub(super) fn comparison_source(column: &Column) -> ComparisonSource {
    match column.kind {
        _ if column.list => ComparisonSource::Nowhere,
        Kind::Text | Kind::Uuid | Kind::Date | Kind::Timestamp | Kind::Enum(_) => {
            ComparisonSource::Members
        }
        Kind::Json | Kind::Value(_) => ComparisonSource::Nowhere,
        _ => ComparisonSource::Compared,
    }
}

/// The text by which a value is compared; `None` for an absent one.
pub(super) fn compared(column: &Column, value: &Value) -> Result<Option<String>, EngineError> {
    if value.is_null() {
        return Ok(None);
    }
    if comparison_source(column) == ComparisonSource::Nowhere {
        let name = column.name;
        return Err(EngineError::Corrupt(format!(
            "nothing is searched by `{name}`"
        )));
    }
    let value = canonical_value(column, value);
    encode(column.kind, &value)
        .map(Some)
        .ok_or_else(|| codec::wrong_value(column))
}

fn encode(kind: Kind, value: &Value) -> Option<String> {
    match kind {
        Kind::Bool => Some(u8::from(value.as_bool()?).to_string()),
        Kind::Int => value.as_i64().map(signed),
        Kind::Float => value.as_f64().map(float),
        Kind::Decimal { scale, .. } => {
            let number = decimal::to_scaled(value.as_str()?, scale)?;
            Some(codec::ordered(number))
        }
        Kind::Duration => {
            let span: Duration = value.as_str()?.parse().ok()?;
            i64::try_from(span.as_micros()).ok().map(signed)
        }
        Kind::Bytes => {
            let bytes = BASE64_STANDARD.decode(value.as_str()?).ok()?;
            Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
        }
        _ => value.as_str().map(str::to_owned),
    }
}

/// A number as 16 hexadecimal digits that order as numbers do.
pub(super) fn signed(number: i64) -> String {
    format!("{:016x}", number.cast_unsigned() ^ SIGN)
}

/// [`signed`] turned around.
pub(super) fn from_signed(text: &str) -> Result<i64, EngineError> {
    let bits = u64::from_str_radix(text, 16).map_err(|_| corrupt("a number"))?;
    Ok((bits ^ SIGN).cast_signed())
}

fn float(number: f64) -> String {
    let bits = number.to_bits();
    let turned = if bits & SIGN == 0 { bits ^ SIGN } else { !bits };
    format!("{turned:016x}")
}

/// The number of a float's text, to the last bit, which its JSON may lose when it is read.
pub(super) fn from_float(text: &str) -> Result<f64, EngineError> {
    let turned = u64::from_str_radix(text, 16).map_err(|_| corrupt("a number"))?;
    Ok(f64::from_bits(if turned & SIGN == 0 {
        !turned
    } else {
        turned ^ SIGN
    }))
}

/// Whether a value in its JSON form is of its column's kind.
pub(super) fn check(column: &Column, value: Option<&Value>) -> Result<(), EngineError> {
    let fits = match value {
        None => column.optional,
        Some(Value::Array(_)) if column.list => true,
        Some(_) if column.list => false,
        Some(value) => match column.kind {
            Kind::Json => true,
            Kind::Value(_) => value.is_object(),
            // The one JSON form is what makes itself again.
            kind => encode(kind, value).is_some() && canonical_value(column, value) == *value,
        },
    };
    if fits {
        Ok(())
    } else {
        Err(codec::wrong_value(column))
    }
}
