//! Values as written, checked against their type: defaults and bounds, in the JSON form of the type.

use serde_json::{Map as JsonMap, Value as Json, json};

use super::checker::Checker;
use super::forms::{Wrong, scalar};
use super::words::one_of;
use super::{constraints, fill};
use crate::description::Spanned;
use crate::description::raw::RawLiteral;
use crate::diagnostics::did_you_mean;
use crate::model::{Default, Field, Scalar, Type, TypePath};

/// The default of a field, or a report of why it cannot be.
pub(super) fn default(
    cx: &Checker<'_>,
    field: &Field,
    raw: &Spanned<RawLiteral>,
) -> Option<Default> {
    if !field.list
        && let RawLiteral::Text(text) = &raw.value
    {
        match (text.as_str(), &field.ty) {
            ("now", Type::Scalar(Scalar::Timestamp)) => return Some(Default::Now),
            ("today", Type::Scalar(Scalar::Date)) => return Some(Default::Today),
            _ => {}
        }
    }
    let value = constant(cx, field, &raw.value);
    let checked = value.and_then(|value| constraints::satisfied(field, &value).map(|()| value));
    match checked {
        Ok(value) => Some(Default::Constant(value)),
        Err(wrong) => {
            let finding = wrong.finding(&format!("the default of `{}`", field.name), raw.span);
            cx.report(match field.ty {
                Type::Scalar(Scalar::Date) => {
                    finding.help("or `\"today\"`: the day of the command")
                }
                Type::Scalar(Scalar::Timestamp) => {
                    finding.help("or `\"now\"`: the time of the command")
                }
                _ => finding,
            });
            None
        }
    }
}

/// The value of a field: a list of its type, or one.
fn constant(cx: &Checker<'_>, field: &Field, raw: &RawLiteral) -> Result<Json, Wrong> {
    match raw {
        RawLiteral::List(elements) if field.list => elements
            .iter()
            .map(|element| of_type(cx, &field.ty, &element.value))
            .collect(),
        _ if field.list => Err(Wrong::new(format!(
            "a list is expected, not {}",
            raw.words()
        ))),
        _ => of_type(cx, &field.ty, raw),
    }
}

fn of_type(cx: &Checker<'_>, ty: &Type, raw: &RawLiteral) -> Result<Json, Wrong> {
    match ty {
        Type::Scalar(of) => scalar(*of, raw),
        Type::Enum(path) => enum_value(cx, path, raw),
        Type::Value(path) => value_object(cx, path, raw),
        Type::Reference(_) => Err(
            Wrong::new("a reference has no default: ids are not known here")
                .help("make it optional, or let the caller say it"),
        ),
    }
}

fn enum_value(cx: &Checker<'_>, path: &TypePath, raw: &RawLiteral) -> Result<Json, Wrong> {
    let declared = fill::enum_type(&cx.system, path).map(|found| found.values.clone());
    // An enum that failed was reported as such; nothing can be said of its values.
    let Some(values) = declared.or_else(|| cx.inline_values(path)) else {
        return Ok(Json::Null);
    };
    let RawLiteral::Text(text) = raw else {
        return Err(Wrong::new(format!(
            "a value of an enum is a string, not {}",
            raw.words()
        )));
    };
    if values.contains(text) {
        return Ok(json!(text));
    }
    let known: Vec<_> = values.iter().map(String::as_str).collect();
    let wrong = Wrong::new(format!("`{text}` is not a value of `{}`", path.name));
    Err(match did_you_mean(text, known.iter().copied()) {
        Some(meant) => wrong.help(format!("did you mean `{meant}`?")),
        None => wrong.help(format!("it may be {}", one_of(&known))),
    })
}

fn value_object(cx: &Checker<'_>, path: &TypePath, raw: &RawLiteral) -> Result<Json, Wrong> {
    let Some(value) = fill::value_type(&cx.system, path) else {
        return Ok(Json::Null);
    };
    let RawLiteral::Table(members) = raw else {
        return Err(Wrong::new(format!(
            "a value object is a table, not {}",
            raw.words()
        )));
    };
    if let Some(unknown) = members
        .keys()
        .find(|name| !value.fields.contains_key(name.as_str()))
    {
        return Err(Wrong::new(format!(
            "`{}` has no field `{unknown}`",
            path.name
        )));
    }
    let mut object = JsonMap::new();
    for field in value.fields.values() {
        match members.get(field.name.as_str()) {
            Some(member) => {
                let made = constant(cx, field, &member.value.value)?;
                constraints::satisfied(field, &made)?;
                object.insert(field.name.to_string(), made);
            }
            None => match (&field.default, field.list) {
                (Some(Default::Constant(value)), _) => {
                    object.insert(field.name.to_string(), value.clone());
                }
                (None, true) => {
                    object.insert(field.name.to_string(), json!([]));
                }
                (None, false) if field.optional => {}
                _ => return Err(Wrong::new(format!("the field `{}` is missing", field.name))),
            },
        }
    }
    Ok(Json::Object(object))
}
