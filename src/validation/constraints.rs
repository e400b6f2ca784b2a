//! Constraints of fields: those their type has, bounds in order, patterns that compile.

use regex_lite::Regex;
use serde_json::Value as Json;

use super::checker::Checker;
use super::forms::{self, Wrong};
use super::instants;
use crate::description::Spanned;
use crate::description::raw::{RawBound, RawFieldKeys, RawLiteral};
use crate::diagnostics::{Diagnostic, Span};
use crate::model::{Constraints, Field, Scalar, Type};

/// The constraints of a field; those that cannot be are reported and left out.
pub(super) fn constraints(cx: &Checker<'_>, field: &Field, keys: &RawFieldKeys) -> Constraints {
    let made = Constraints {
        min: bound(cx, field, "min", keys.min.as_ref()),
        max: bound(cx, field, "max", keys.max.as_ref()),
        exclusive_min: bound(cx, field, "exclusive_min", keys.exclusive_min.as_ref()),
        min_length: length(cx, field, "min_length", keys.min_length.as_ref()),
        max_length: length(cx, field, "max_length", keys.max_length.as_ref()),
        pattern: pattern(cx, field, keys),
    };
    in_order(cx, field, &made, keys);
    made
}

/// The type in words.
fn words(field: &Field) -> String {
    match &field.ty {
        Type::Scalar(scalar) => scalar_words(*scalar).to_owned(),
        Type::Enum(_) => "an enum".to_owned(),
        Type::Value(_) => "a value object".to_owned(),
        Type::Reference(_) => "a reference".to_owned(),
    }
}

/// As the language spells it, quoted.
pub(super) fn scalar_words(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::String => "`string`",
        Scalar::Text => "`text`",
        Scalar::Bool => "`bool`",
        Scalar::Int => "`int`",
        Scalar::Float => "`float`",
        Scalar::Decimal(_) => "`decimal`",
        Scalar::Uuid => "`uuid`",
        Scalar::Date => "`date`",
        Scalar::Timestamp => "`timestamp`",
        Scalar::Duration => "`duration`",
        Scalar::Bytes => "`bytes`",
        Scalar::Json => "`json`",
    }
}

fn inapplicable(cx: &Checker<'_>, field: &Field, key: &str, span: Span, whose: &str) {
    let message = format!("`{key}` does not apply to {}", words(field));
    let finding = Diagnostic::error("misplaced-key", message).at(span, "");
    cx.report(
        finding
            .note(format!("it is for {whose}"))
            .help(format!("remove `{key}`")),
    );
}

/// Whether values of this type have an order that bounds can cut.
fn is_bounded(scalar: Scalar) -> bool {
    matches!(
        scalar,
        Scalar::Int
            | Scalar::Float
            | Scalar::Decimal(_)
            | Scalar::Date
            | Scalar::Timestamp
            | Scalar::Duration
    )
}

fn bound(
    cx: &Checker<'_>,
    field: &Field,
    key: &str,
    raw: Option<&Spanned<RawBound>>,
) -> Option<Json> {
    let raw = raw?;
    let Type::Scalar(scalar) = field.ty else {
        inapplicable(cx, field, key, raw.span, "numbers and times");
        return None;
    };
    if !is_bounded(scalar) {
        inapplicable(cx, field, key, raw.span, "numbers and times");
        return None;
    }
    let literal = match &raw.value {
        RawBound::Text(text) => RawLiteral::Text(text.clone()),
        RawBound::Integer(value) => RawLiteral::Integer(*value),
        RawBound::Float(value) => RawLiteral::Float(*value),
    };
    match forms::scalar(scalar, &literal) {
        Ok(value) => Some(value),
        Err(wrong) => {
            cx.report(wrong.finding(&format!("`{key}` of `{}`", field.name), raw.span));
            None
        }
    }
}

fn length(cx: &Checker<'_>, field: &Field, key: &str, raw: Option<&Spanned<u64>>) -> Option<u64> {
    let raw = raw?;
    let measured = matches!(
        field.ty,
        Type::Scalar(Scalar::String | Scalar::Text | Scalar::Bytes)
    );
    if !measured && !field.list {
        inapplicable(cx, field, key, raw.span, "texts, bytes and lists");
        return None;
    }
    Some(raw.value)
}

fn pattern(cx: &Checker<'_>, field: &Field, keys: &RawFieldKeys) -> Option<String> {
    let raw = keys.pattern.as_ref()?;
    if !matches!(field.ty, Type::Scalar(Scalar::String | Scalar::Text)) {
        inapplicable(cx, field, "pattern", raw.span, "texts");
        return None;
    }
    if let Err(error) = whole(&raw.value) {
        let message = format!(
            "`pattern` of `{}` is not a regular expression: {error}",
            field.name
        );
        let finding = Diagnostic::error("wrong-value", message).at(raw.span, "");
        cx.report(
            finding
                .note("the syntax is that of the crate `regex-lite`: no `\\p{…}`, no look-around"),
        );
        return None;
    }
    Some(raw.value.clone())
}

/// The expression as it is used: the whole text must match.
fn whole(pattern: &str) -> Result<Regex, regex_lite::Error> {
    // The pattern alone first: brackets around it could hide one that is open or unmatched.
    Regex::new(pattern)?;
    Regex::new(&format!(r"\A(?:{pattern})\z"))
}

/// Reports bounds that no value can satisfy.
fn in_order(cx: &Checker<'_>, field: &Field, made: &Constraints, keys: &RawFieldKeys) {
    let empty = |low: (&str, Option<Span>), high: (&str, Option<Span>)| {
        let (Some(low_at), Some(high_at)) = (low.1, high.1) else {
            return;
        };
        let message = format!(
            "no value of `{}` can satisfy both `{}` and `{}`",
            field.name, low.0, high.0
        );
        let finding = Diagnostic::error("empty-range", message)
            .at(high_at, "")
            .at(low_at, "");
        cx.report(finding.help("swap them, or remove one"));
    };
    let span = |raw: &Option<Spanned<RawBound>>| raw.as_ref().map(|raw| raw.span);
    let (min, max, above) = (span(&keys.min), span(&keys.max), span(&keys.exclusive_min));
    let (low, high) = (rank_of(field, &made.min), rank_of(field, &made.max));
    let over = rank_of(field, &made.exclusive_min);
    if let (Some(low), Some(high)) = (low, high)
        && low > high
    {
        empty(("min", min), ("max", max));
    }
    if let (Some(over), Some(high)) = (over, high)
        && over >= high
    {
        empty(("exclusive_min", above), ("max", max));
    }
    if let (Some(_), Some(above)) = (&made.min, above) {
        let message = format!("`{}` has both `min` and `exclusive_min`", field.name);
        let finding = Diagnostic::error("conflicting-keys", message).at(above, "");
        cx.report(finding.help("keep one of them"));
    }
    if let (Some(least), Some(most)) = (made.min_length, made.max_length)
        && least > most
    {
        let span = |raw: &Option<Spanned<u64>>| raw.as_ref().map(|raw| raw.span);
        empty(
            ("min_length", span(&keys.min_length)),
            ("max_length", span(&keys.max_length)),
        );
    }
}

/// A value as something that compares.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
enum Rank<'v> {
    Exact(i128),
    Float(f64),
    Text(&'v str),
}

fn rank_of<'v>(field: &Field, value: &'v Option<Json>) -> Option<Rank<'v>> {
    value.as_ref().and_then(|value| rank(&field.ty, value))
}

fn rank<'v>(ty: &Type, value: &'v Json) -> Option<Rank<'v>> {
    let Type::Scalar(scalar) = ty else {
        return None;
    };
    Some(match (scalar, value) {
        (Scalar::Int, Json::Number(number)) => Rank::Exact(number.as_i64()?.into()),
        (Scalar::Float, Json::Number(number)) => Rank::Float(number.as_f64()?),
        // Canonical decimals of one format have the same digits after the point.
        (Scalar::Decimal(_), Json::String(text)) => {
            Rank::Exact(text.replace('.', "").parse().ok()?)
        }
        // Their texts have a fixed width, and order as their values do.
        (Scalar::Date | Scalar::Timestamp, Json::String(text)) => Rank::Text(text),
        (Scalar::Duration, Json::String(text)) => Rank::Exact(instants::micros(text)?),
        _ => return None,
    })
}

/// Whether a value of the field satisfies its constraints.
pub(super) fn satisfied(field: &Field, value: &Json) -> Result<(), Wrong> {
    measured(field, value)?;
    match value {
        Json::Array(elements) if field.list => elements
            .iter()
            .try_for_each(|element| within(field, element)),
        _ => within(field, value),
    }
}

/// Checks the length of a text, of bytes, of a list.
fn measured(field: &Field, value: &Json) -> Result<(), Wrong> {
    let length = match (value, &field.ty) {
        (Json::Array(elements), _) if field.list => elements.len(),
        // Four digits are three bytes; padding is none.
        (Json::String(text), Type::Scalar(Scalar::Bytes)) => {
            text.trim_end_matches('=').len() * 3 / 4
        }
        (Json::String(text), _) => text.chars().count(),
        _ => return Ok(()),
    } as u64;
    let Constraints {
        min_length,
        max_length,
        ..
    } = field.constraints;
    if min_length.is_some_and(|least| length < least) {
        return Err(Wrong::new(format!(
            "it is shorter than `min_length` ({length})"
        )));
    }
    if max_length.is_some_and(|most| length > most) {
        return Err(Wrong::new(format!(
            "it is longer than `max_length` ({length})"
        )));
    }
    Ok(())
}

/// Checks the bounds and the pattern.
fn within(field: &Field, value: &Json) -> Result<(), Wrong> {
    let given = rank(&field.ty, value);
    let limits = &field.constraints;
    let below = |limit: &Option<Json>| given.zip(rank_of(field, limit)).is_some_and(|(a, b)| a < b);
    let above = |limit: &Option<Json>| given.zip(rank_of(field, limit)).is_some_and(|(a, b)| a > b);
    if below(&limits.min) {
        return Err(Wrong::new(format!("{value} is below `min`")));
    }
    if above(&limits.max) {
        return Err(Wrong::new(format!("{value} is above `max`")));
    }
    if limits.exclusive_min.is_some() && !above(&limits.exclusive_min) {
        return Err(Wrong::new(format!("{value} is not above `exclusive_min`")));
    }
    if let (Some(pattern), Json::String(text)) = (&limits.pattern, value)
        && whole(pattern).is_ok_and(|pattern| !pattern.is_match(text))
    {
        return Err(Wrong::new(format!("`{text}` does not match `pattern`")));
    }
    Ok(())
}
