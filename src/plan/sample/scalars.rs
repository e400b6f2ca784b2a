//! Examples of the language's own types.

use jiff::{SignedDuration, Timestamp, civil};
use serde_json::{Value, json};

use crate::model::{DecimalFormat, Field, Scalar};

use super::{pattern, uuid};

/// How long an example of a text is made at most, whatever its field asks for.
const LONGEST: usize = 10_000;

/// The example of a field of the language's own types.
pub(super) fn scalar(scalar: Scalar, field: &Field, number: u32) -> Value {
    match scalar {
        Scalar::String | Scalar::Text => json!(string(field, number)),
        Scalar::Bool => json!(true),
        Scalar::Int => json!(integer(field, number)),
        Scalar::Float => json!(float(field, number)),
        Scalar::Decimal(format) => json!(decimal(field, format, number)),
        Scalar::Uuid => json!(uuid(field.name.as_str(), number)),
        Scalar::Date => bounded(field, "2026-01-31", day_after),
        Scalar::Timestamp => bounded(field, "2026-01-31T12:00:00.000000Z", second_after),
        Scalar::Duration => bounded(field, "PT1H30M", longer),
        Scalar::Bytes => json!(bytes(field)),
        Scalar::Json => json!({ "example": number }),
    }
}

/// A bound that the value itself may be, or else what comes after one that it may not.
fn bounded(field: &Field, usual: &str, after: fn(&str) -> Option<String>) -> Value {
    let rules = &field.constraints;
    let over = || after(rules.exclusive_min.as_ref()?.as_str()?).map(Value::from);
    let bound = rules.min.clone().or_else(|| rules.max.clone());
    bound.or_else(over).unwrap_or_else(|| json!(usual))
}

fn day_after(date: &str) -> Option<String> {
    let date: civil::Date = date.parse().ok()?;
    Some(date.tomorrow().ok()?.to_string())
}

fn second_after(time: &str) -> Option<String> {
    let time: Timestamp = time.parse().ok()?;
    let after = time.checked_add(SignedDuration::from_secs(1)).ok()?;
    Some(format!("{after:.6}"))
}

fn longer(duration: &str) -> Option<String> {
    let duration: SignedDuration = duration.parse().ok()?;
    let longer = duration.checked_add(SignedDuration::from_secs(1))?;
    Some(longer.to_string())
}

fn string(field: &Field, number: u32) -> String {
    let rules = &field.constraints;
    let bound = |length: u64| usize::try_from(length).unwrap_or(usize::MAX);
    let least = rules.min_length.map_or(0, bound).min(LONGEST);
    let most = rules.max_length.map_or(usize::MAX, bound);
    if let Some(pattern) = &rules.pattern {
        return pattern::matching(pattern, least..=most, number).unwrap_or_default();
    }
    let mut text = format!("{} {number}", field.name.as_str().replace('_', " "));
    while text.len() < least {
        text.push('x');
    }
    if text.len() > most {
        // The number stands last, and is what tells examples apart.
        text = text.split_off(text.len() - most);
    }
    text
}

fn integer(field: &Field, number: u32) -> i64 {
    let bound = |value: &Option<Value>| value.as_ref().and_then(Value::as_i64);
    let rules = &field.constraints;
    let above = bound(&rules.exclusive_min).map(|bound| bound.saturating_add(1));
    let least = bound(&rules.min).max(above);
    let most = bound(&rules.max).unwrap_or(i64::MAX);
    let wanted = i64::from(number);
    wanted.max(least.unwrap_or(i64::MIN)).min(most)
}

fn float(field: &Field, number: u32) -> f64 {
    let bound = |value: &Option<Value>| value.as_ref().and_then(Value::as_f64);
    let rules = &field.constraints;
    // Half more is nothing to large numbers.
    let over = bound(&rules.exclusive_min).map(|bound| (bound + 0.5).max(bound.next_up()));
    let least = bound(&rules.min).or(over);
    let most = bound(&rules.max).unwrap_or(f64::MAX);
    let wanted = f64::from(number) + 0.5;
    wanted.max(least.unwrap_or(f64::MIN)).min(most)
}

fn decimal(field: &Field, format: DecimalFormat, number: u32) -> String {
    let rules = &field.constraints;
    let text = |value: &Option<Value>| value.as_ref().map(|v| v.to_string().replace('"', ""));
    let parsed = |value: &Option<Value>| text(value).and_then(|text| text.parse::<f64>().ok());
    let digits = i32::from(format.precision) - i32::from(format.scale);
    let wanted = f64::from(number);
    let fits = wanted < 10_f64.powi(digits) && parsed(&rules.max).is_none_or(|max| wanted <= max);
    let preferred = match (fits, digits > 0) {
        (true, _) => wanted,
        (false, true) => 1.0,
        (false, false) => 0.0,
    };
    let low = parsed(&rules.min).is_none_or(|min| min <= preferred)
        && parsed(&rules.exclusive_min).is_none_or(|min| min < preferred);
    let chosen = match (low, parsed(&rules.max).is_none_or(|max| max >= preferred)) {
        (true, true) => preferred.to_string(),
        (true, false) => text(&rules.max).unwrap_or_default(),
        (false, _) => match (&rules.min, text(&rules.max)) {
            (Some(_), _) => text(&rules.min).unwrap_or_default(),
            (None, Some(max)) => max,
            (None, None) => above(parsed(&rules.exclusive_min).unwrap_or_default(), format),
        },
    };
    padded(&chosen, usize::from(format.scale))
}

/// The next whole number; the next number at all where that has too many digits.
fn above(bound: f64, format: DecimalFormat) -> String {
    let (scale, whole) = (i32::from(format.scale), bound.floor() + 1.0);
    let digits = i32::from(format.precision) - scale;
    match whole < 10_f64.powi(digits) {
        true => whole.to_string(),
        false => {
            let next = bound + 10_f64.powi(-scale);
            format!("{next:.*}", usize::from(format.scale))
        }
    }
}

/// A decimal's text with exactly `scale` digits after the point.
fn padded(text: &str, scale: usize) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if scale == 0 {
        return whole.to_owned();
    }
    format!("{whole}.{fraction:0<scale$}")
}

fn bytes(field: &Field) -> String {
    let least = field.constraints.min_length.unwrap_or(0).clamp(3, 300);
    let length = least.min(field.constraints.max_length.unwrap_or(u64::MAX));
    // Base64 of zero bytes: `A` for each six bits, padded to groups of four.
    let bits = usize::try_from(length).unwrap_or(0) * 8;
    let digits = bits.div_ceil(6);
    let padding = (4 - digits % 4) % 4;
    format!("{}{}", "A".repeat(digits), "=".repeat(padding))
}
