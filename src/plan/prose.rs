//! Names as people say them, and what is said of things that the description says nothing of.

use crate::model::{Aggregate, Command, Default, Event, Field, Presence};

use crate::plan::rust::names;

/// What is said of an aggregate.
pub fn aggregate_doc(aggregate: &Aggregate) -> String {
    aggregate
        .doc
        .clone()
        .unwrap_or_else(|| titled(aggregate.name.as_str()))
}

/// What is said of an event.
pub fn event_doc(event: &Event) -> String {
    event
        .doc
        .clone()
        .unwrap_or_else(|| sentence(event.name.as_str()))
}

/// What is said of a command.
pub fn command_doc(command: &Command) -> String {
    command
        .doc
        .clone()
        .unwrap_or_else(|| sentence(command.name.as_str()))
}

/// What it comes to that a caller leaves out an input with this default; `None` where there is no more
/// to it.
pub fn left_out(presence: Presence, default: Option<&Default>) -> Option<String> {
    let said = match presence {
        Presence::Required | Presence::Optional => return None,
        Presence::Defaulted => return default.map(default_said),
        Presence::Kept => "Left out it stays as it is.",
        Presence::Clearable => "Left out it stays as it is; `null` clears it.",
    };
    Some(said.to_owned())
}

/// What is said of a default.
pub fn default_said(default: &Default) -> String {
    match default {
        Default::Constant(value) => format!("Left out it is `{value}`."),
        Default::Now => "Left out it is the time of the command.".to_owned(),
        Default::Today => "Left out it is the day of the command.".to_owned(),
    }
}

/// `ApproveLoan` → `Approve loan.`
pub fn sentence(name: &str) -> String {
    let words = words(name);
    let mut letters = words.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

/// The indefinite article before a name.
pub fn article(name: &str) -> &'static str {
    match name
        .to_ascii_lowercase()
        .starts_with(['a', 'e', 'i', 'o', 'u'])
    {
        true => "an",
        false => "a",
    }
}

/// Things in a row: `a, b and c`.
pub fn listed(things: &[String], conjunction: &str) -> String {
    match things {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {conjunction} {last}", first.join(", ")),
    }
}

/// Names in a row, as code: "`a`, `b` and `c`".
pub fn listed_names<T: std::fmt::Display>(
    names: impl IntoIterator<Item = T>,
    conjunction: &str,
) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    listed(&names, conjunction)
}

/// `StockItem` → `A stock item.`
pub fn titled(name: &str) -> String {
    sentence(&format!("{}_{}", article(name), names::snake(name)))
}

/// `ApproveLoan` → `approve loan`
pub fn words(name: &str) -> String {
    names::snake(name).replace('_', " ")
}

/// What is said of a field: what the description says, and why it is deprecated.
pub fn field_doc(field: &Field) -> Option<String> {
    match (&field.doc, &field.deprecated) {
        (doc, None) => doc.clone(),
        (None, Some(why)) => Some(format!("Deprecated: {why}")),
        (Some(doc), Some(why)) => Some(format!("{doc}\n\nDeprecated: {why}")),
    }
}
