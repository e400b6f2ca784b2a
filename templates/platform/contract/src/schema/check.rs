//! Whether values are what the description says of them.

use std::collections::HashSet;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Column, Kind, Null, Schema, form::form, rules};

/// What is wrong with a member.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Violation {
    /// The member, as a JSON pointer (RFC 6901).
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
}

/// What is wrong with the members of an object, by JSON pointer: missing and unknown ones, wrong
/// types, broken constraints. Nothing, when all is well.
pub fn check(columns: &[Column], members: &Map<String, Value>) -> Vec<Violation> {
    let mut found = Vec::new();
    check_members(columns, members, "", &[], &mut found);
    found
}

impl Schema {
    /// The same for a whole aggregate, the entities inside (each with its `id`) among its members.
    pub fn check(&self, members: &Map<String, Value>) -> Vec<Violation> {
        let mut found = Vec::new();
        let lists: Vec<&str> = self.collections.iter().map(|one| one.member).collect();
        check_members(self.columns, members, "", &lists, &mut found);
        for collection in self.collections {
            let at = pointer("", collection.member);
            match members.get(collection.member) {
                None => {}
                Some(Value::Array(entities)) => {
                    for (index, entity) in entities.iter().enumerate() {
                        check_entity(
                            collection.columns,
                            entity,
                            &format!("{at}/{index}"),
                            &mut found,
                        );
                    }
                    check_ids(entities, &at, &mut found);
                }
                Some(_) => found.push(violation(&at, "must be a list")),
            }
        }
        found
    }

    /// The first entity with the id of one before it: the member that holds both, and the id.
    pub fn repeated_id(&self, members: &Map<String, Value>) -> Option<(&'static str, Uuid)> {
        self.collections.iter().find_map(|collection| {
            let entities = members.get(collection.member)?.as_array()?;
            let (_, id) = repeats(entities).first().copied()?;
            Some((collection.member, id))
        })
    }
}

fn check_entity(columns: &[Column], entity: &Value, at: &str, found: &mut Vec<Violation>) {
    let Value::Object(members) = entity else {
        found.push(violation(at, "must be an object"));
        return;
    };
    if let Err(detail) = form(Kind::Uuid, members.get("id").unwrap_or(&Value::Null)) {
        found.push(violation(&pointer(at, "id"), &detail));
    }
    check_members(columns, members, at, &["id"], found);
}

/// No two entities have one id; those without get one of their own.
fn check_ids(entities: &[Value], at: &str, found: &mut Vec<Violation>) {
    for (index, _) in repeats(entities) {
        let at = format!("{at}/{index}/id");
        found.push(violation(&at, "is the id of another one in this list"));
    }
}

/// The entities with the id of one before them: their places, and these ids.
fn repeats(entities: &[Value]) -> Vec<(usize, Uuid)> {
    let ids = entities.iter().enumerate().filter_map(|(index, entity)| {
        let id = entity.get("id")?.as_str()?;
        Some((index, Uuid::try_parse(id).ok()?))
    });
    let mut known = HashSet::new();
    ids.filter(|(_, id)| !known.insert(*id)).collect()
}

/// `besides`: members that are looked at elsewhere.
fn check_members(
    columns: &[Column],
    members: &Map<String, Value>,
    at: &str,
    besides: &[&str],
    found: &mut Vec<Violation>,
) {
    for column in columns {
        let at = pointer(at, column.name);
        match members.get(column.name) {
            None if column.optional => {}
            Some(Value::Null) if column.null == Null::Refused => {
                let why = "cannot be cleared; left out it stays as it is";
                found.push(violation(&at, why));
            }
            Some(Value::Null) if column.optional => {}
            None => found.push(violation(&at, "is missing")),
            Some(value) => check_value(column, value, &at, found),
        }
    }
    for name in members.keys() {
        let known = columns.iter().any(|column| column.name == name);
        if !known && !besides.contains(&name.as_str()) {
            found.push(violation(
                &pointer(at, name),
                "is no member that is known here",
            ));
        }
    }
}

fn check_value(column: &Column, value: &Value, at: &str, found: &mut Vec<Violation>) {
    if !column.list {
        check_one(column, value, at, found);
        return;
    }
    let Value::Array(elements) = value else {
        found.push(violation(at, "must be a list"));
        return;
    };
    if let Some(detail) = rules::length(&column.rules, elements.len(), "elements") {
        found.push(violation(at, &detail));
    }
    for (index, element) in elements.iter().enumerate() {
        check_one(column, element, &format!("{at}/{index}"), found);
    }
    if column.rules.distinct_ids {
        check_ids(elements, at, found);
    }
}

fn check_one(column: &Column, value: &Value, at: &str, found: &mut Vec<Violation>) {
    match form(column.kind, value) {
        Err(detail) => found.push(violation(at, &detail)),
        Ok(form) => {
            let broken = rules::broken(column, &form);
            found.extend(broken.iter().map(|detail| violation(at, detail)));
        }
    }
    if let (Kind::Value(columns), Value::Object(members)) = (column.kind, value) {
        check_members(columns, members, at, &[], found);
    }
}

fn violation(pointer: &str, detail: &str) -> Violation {
    Violation {
        pointer: pointer.to_owned(),
        detail: detail.to_owned(),
    }
}

/// The pointer of a member.
fn pointer(at: &str, member: &str) -> String {
    format!("{at}/{}", reference_token(member))
}

/// A member's name as a part of a JSON pointer (RFC 6901, section 3).
pub fn reference_token(member: &str) -> String {
    member.replace('~', "~0").replace('/', "~1")
}
