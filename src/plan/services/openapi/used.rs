//! Components that nothing refers to are left out: who reads a document looks for what they are for.

use std::collections::BTreeSet;

use serde_json::Value;

const PREFIX: &str = "#/components/";

/// Keeps of a document's components those that its operations refer to, by way of others too.
pub(super) fn keep(document: &mut Value) {
    let mut known = BTreeSet::new();
    let mut found = BTreeSet::new();
    references(&document["paths"], &mut found);
    while let Some(next) = found.difference(&known).next().cloned() {
        references(at(document, &next), &mut found);
        known.insert(next);
    }
    let kinds = document["components"].as_object_mut();
    for (kind, components) in kinds.into_iter().flatten() {
        if let Some(components) = components.as_object_mut() {
            components.retain(|name, _| known.contains(&format!("{kind}/{name}")));
        }
    }
}

fn at<'a>(document: &'a Value, path: &str) -> &'a Value {
    match path.split_once('/') {
        Some((kind, name)) => &document["components"][kind][name],
        None => &Value::Null,
    }
}

/// The components that a part of a document refers to: `schemas/Loan`.
fn references(part: &Value, found: &mut BTreeSet<String>) {
    match part {
        Value::Object(members) => {
            for (name, member) in members {
                let to = member.as_str().filter(|_| name == "$ref");
                match to.and_then(|to| to.strip_prefix(PREFIX)) {
                    Some(to) => drop(found.insert(to.to_owned())),
                    None => references(member, found),
                }
            }
        }
        Value::Array(elements) => elements.iter().for_each(|it| references(it, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::keep;

    #[test]
    fn what_is_referred_to_stays() {
        let to = |path: &str| json!({ "$ref": format!("#/components/{path}") });
        let mut document = json!({
            "paths": { "/a": { "get": { "responses": { "200": to("responses/A") } } } },
            "components": {
                "responses": { "A": { "schema": to("schemas/A") }, "B": to("schemas/B") },
                "schemas": { "A": { "items": [to("schemas/A"), to("schemas/C")] }, "B": {}, "C": {} },
            },
        });
        keep(&mut document);
        let left = json!({
            "responses": { "A": { "schema": to("schemas/A") } },
            "schemas": { "A": { "items": [to("schemas/A"), to("schemas/C")] }, "C": {} },
        });
        assert_eq!(document["components"], left);
    }
}
