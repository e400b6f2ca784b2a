//! The constraints of a member, held against a value in its one JSON form.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::{LazyLock, RwLock};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use regex_lite::Regex;
use serde_json::Value;

use super::{Column, Kind, Rules, decimal, form::form};
use crate::value::Duration;

/// The constraints of one value that it breaks.
pub(super) fn broken(column: &Column, value: &Value) -> Vec<String> {
    let mut broken = Vec::new();
    let rules = &column.rules;
    let against = |bound: Option<&'static str>| {
        let bound = bound?;
        Some((compare(column.kind, value, bound)?, bound))
    };
    if let Some((Ordering::Less, bound)) = against(rules.min) {
        broken.push(format!("must be at least {bound}"));
    }
    if let Some((Ordering::Greater, bound)) = against(rules.max) {
        broken.push(format!("must be at most {bound}"));
    }
    if let Some((Ordering::Less | Ordering::Equal, bound)) = against(rules.exclusive_min) {
        broken.push(format!("must be more than {bound}"));
    }
    // The length of a list is that of the list, not of its elements.
    if !column.list {
        broken
            .extend(length_of(column.kind, value).and_then(|(count, of)| length(rules, count, of)));
    }
    if let (Some(pattern), Some(text)) = (rules.pattern, value.as_str())
        && !matches(pattern, text)
    {
        broken.push(format!("must match `{pattern}`"));
    }
    broken
}

/// What is wrong with a length, if anything.
pub(super) fn length(rules: &Rules, count: usize, of: &str) -> Option<String> {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    match (rules.min_length, rules.max_length) {
        (Some(min), _) if count < min => Some(format!("must have at least {min} {of}")),
        (_, Some(max)) if count > max => Some(format!("must have at most {max} {of}")),
        _ => None,
    }
}

fn length_of(kind: Kind, value: &Value) -> Option<(usize, &'static str)> {
    let text = value.as_str()?;
    match kind {
        Kind::Text => Some((text.chars().count(), "characters")),
        Kind::Bytes => Some((BASE64_STANDARD.decode(text).ok()?.len(), "bytes")),
        _ => None,
    }
}

/// How a value compares with a bound; `None` for kinds without an order.
fn compare(kind: Kind, value: &Value, bound: &str) -> Option<Ordering> {
    match kind {
        Kind::Int => Some(value.as_i64()?.cmp(&bound.parse().ok()?)),
        Kind::Float => value.as_f64()?.partial_cmp(&bound.parse().ok()?),
        Kind::Decimal { scale, .. } => {
            // The bound may have more digits after the point than the value.
            let digits = bound
                .split_once('.')
                .map_or(0, |(_, fraction)| fraction.len());
            let scale = scale.max(u8::try_from(digits).ok()?);
            let value = decimal::to_scaled(value.as_str()?, scale)?;
            Some(value.cmp(&decimal::to_scaled(bound, scale)?))
        }
        Kind::Date | Kind::Timestamp => {
            let bound = form(kind, &Value::from(bound)).ok()?;
            Some(value.as_str()?.cmp(bound.as_str()?))
        }
        Kind::Duration => {
            let value: Duration = value.as_str()?.parse().ok()?;
            Some(value.cmp(&bound.parse().ok()?))
        }
        Kind::Text => Some(value.as_str()?.cmp(bound)),
        _ => None,
    }
}

/// Whether the whole text matches. A pattern that cannot be read matches nothing.
fn matches(pattern: &'static str, text: &str) -> bool {
    static READ: LazyLock<RwLock<HashMap<&'static str, Option<Regex>>>> =
        LazyLock::new(RwLock::default);
    let matches = |regex: &Option<Regex>| regex.as_ref().is_some_and(|regex| regex.is_match(text));
    if let Some(regex) = READ
        .read()
        .ok()
        .as_deref()
        .and_then(|read| read.get(pattern))
    {
        return matches(regex);
    }
    let regex = Regex::new(&format!(r"\A(?:{pattern})\z")).ok();
    let answer = matches(&regex);
    if let Ok(mut read) = READ.write() {
        read.insert(pattern, regex);
    }
    answer
}
