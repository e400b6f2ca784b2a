//! Compares two ends of a service.

use std::collections::BTreeSet;

use serde_json::Value;

/// The first place where they differ, and how; `None` when they are the same.
pub(super) fn difference(expected: &Value, found: &Value) -> Option<String> {
    differ("", expected, found)
}

fn differ(path: &str, expected: &Value, found: &Value) -> Option<String> {
    match (expected, found) {
        (Value::Object(one), Value::Object(other)) => {
            let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            names.into_iter().find_map(|name| {
                let path = format!("{path}/{name}");
                match (one.get(name), other.get(name)) {
                    (Some(expected), Some(found)) => differ(&path, expected, found),
                    (Some(expected), None) => Some(format!("{path} is missing: {expected}")),
                    (_, found) => Some(format!("{path} is too much: {found:?}")),
                }
            })
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let mut pairs = one.iter().zip(other).enumerate();
            pairs.find_map(|(index, (one, other))| differ(&format!("{path}/{index}"), one, other))
        }
        _ if expected == found => None,
        _ => Some(format!("{path} is\n{found}\ninstead of\n{expected}")),
    }
}
