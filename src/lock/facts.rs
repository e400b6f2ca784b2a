//! A description as independent facts, however its files spell and order them:
//! `contexts.loan.database = "sqlite"`.

use std::collections::BTreeMap;
use std::fmt::Write;

use toml::Value;

/// The facts of the files of one description: the value of each, as TOML writes it on one line, by
/// its path. What a file includes is not a fact.
///
/// # Errors
/// When a text is not TOML.
pub fn facts<'a>(
    texts: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeMap<String, String>, toml::de::Error> {
    let mut facts = BTreeMap::new();
    for text in texts {
        let mut table: toml::Table = text.parse()?;
        if let Some(system) = table.get_mut("system").and_then(Value::as_table_mut) {
            system.remove("include");
        }
        flatten("", &table, &mut facts);
    }
    Ok(facts)
}

/// A fact for each value that is no table; an empty table is a fact as well.
fn flatten(prefix: &str, table: &toml::Table, facts: &mut BTreeMap<String, String>) {
    for (name, value) in table {
        let path = match prefix {
            "" => key(name),
            prefix => format!("{prefix}.{}", key(name)),
        };
        match value {
            Value::Table(members) if !members.is_empty() => flatten(&path, members, facts),
            value => drop(facts.insert(path, inline(value))),
        }
    }
}

/// A name as a key, in quotes when it needs them.
fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match !name.is_empty() && name.chars().all(bare) {
        true => name.to_owned(),
        // An equals sign parts a fact's path from its value.
        false => string(name).replace('=', "\\u003D"),
    }
}

/// A value on one line.
fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => string(text),
        Value::Array(elements) => {
            let elements: Vec<String> = elements.iter().map(inline).collect();
            format!("[{}]", elements.join(", "))
        }
        Value::Table(members) if members.is_empty() => "{}".to_owned(),
        Value::Table(members) => {
            let mut members: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{} = {}", key(name), inline(value)))
                .collect();
            members.sort();
            format!("{{ {} }}", members.join(", "))
        }
        value => value.to_string(),
    }
}

/// A basic string of TOML 1.0.
pub(super) fn string(text: &str) -> String {
    let mut quoted = String::from('"');
    for sign in text.chars() {
        match sign {
            '"' | '\\' => quoted.extend(['\\', sign]),
            '\n' => quoted.push_str("\\n"),
            sign if sign.is_control() => {
                // Writing to a text cannot fail.
                let _ = write!(quoted, "\\u{:04X}", u32::from(sign));
            }
            sign => quoted.push(sign),
        }
    }
    quoted.push('"');
    quoted
}
