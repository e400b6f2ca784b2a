//! Rows between [`Stored`] and the text that the server keeps of one (`lua/4_rows.lua`).

use platform_contract::schema::{Column, Kind, Schema, canonical};
use platform_contract::value::Timestamp;
use platform_ports::engine::{EngineError, Found, Generation, Stored, entities};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::codec::{self, ComparisonSource};
use super::connect::Connection;
use super::error::corrupt;

/// A table with its generation.
pub(super) fn of(schema: &Schema, generation: Generation) -> String {
    format!("{}:{generation}", schema.table)
}

/// The members that are stored, in their JSON forms.
pub(super) fn members(schema: &Schema, stored: &Stored) -> Result<Map<String, Value>, EngineError> {
    let mut members = of_columns(schema.columns, &stored.members)?;
    for collection in schema.collections {
        let mut list = Vec::new();
        for (id, entity) in entities::of(collection, stored)? {
            let mut entity = of_columns(collection.columns, entity)?;
            entity.insert("id".to_owned(), Value::String(id.to_string()));
            list.push(Value::Object(entity));
        }
        members.insert(collection.member.to_owned(), Value::Array(list));
    }
    Ok(members)
}

/// What the columns hold of the members that are given, and nothing else of them.
fn of_columns(
    columns: &[Column],
    given: &Map<String, Value>,
) -> Result<Map<String, Value>, EngineError> {
    let mut given = given.clone();
    canonical(columns, &mut given);
    let mut members = Map::new();
    for column in columns {
        codec::check(column, given.get(column.name))?;
        if let Some(value) = given.remove(column.name) {
            members.insert(column.name.to_owned(), value);
        }
    }
    Ok(members)
}

/// What searches compare in a form of its own.
pub(super) fn compared(
    schema: &Schema,
    members: &Map<String, Value>,
) -> Result<Map<String, Value>, EngineError> {
    let mut compared = Map::new();
    for column in schema.columns {
        if codec::comparison_source(column) == ComparisonSource::Compared
            && let Some(value) = members.get(column.name)
            && let Some(text) = codec::compared(column, value)?
        {
            compared.insert(column.name.to_owned(), Value::String(text));
        }
    }
    Ok(compared)
}

/// The row of a text.
pub(super) fn stored(schema: &Schema, id: Uuid, text: &str) -> Result<Stored, EngineError> {
    let malformed = || corrupt("a row");
    let mut parts = text.splitn(5, '\n');
    let mut part = || parts.next().ok_or_else(malformed);
    let version = part()?.parse().map_err(|_| malformed())?;
    let (created_at, updated_at) = (timestamp(part()?)?, timestamp(part()?)?);
    let size: usize = part()?.parse().map_err(|_| malformed())?;
    let (compared, members) = part()?.split_at_checked(size).ok_or_else(malformed)?;
    let mut members: Map<String, Value> = serde_json::from_str(members).map_err(|_| malformed())?;
    if schema
        .columns
        .iter()
        .any(|one| is_float(one.kind, one.list))
    {
        let compared: Map<String, Value> =
            serde_json::from_str(compared).map_err(|_| malformed())?;
        restore_floats(schema, &compared, &mut members)?;
    }
    Ok(Stored {
        id,
        version,
        created_at,
        updated_at,
        members,
    })
}

fn is_float(kind: Kind, list: bool) -> bool {
    matches!(kind, Kind::Float) && !list
}

fn restore_floats(
    schema: &Schema,
    compared: &Map<String, Value>,
    members: &mut Map<String, Value>,
) -> Result<(), EngineError> {
    let floats = schema.columns.iter();
    for column in floats.filter(|column| is_float(column.kind, column.list)) {
        if let Some(text) = compared.get(column.name).and_then(Value::as_str) {
            let number = Value::from(codec::from_float(text)?);
            members.insert(column.name.to_owned(), number);
        }
    }
    Ok(())
}

/// The rows under these ids, or what their deletions left behind, an answer each in their order.
pub(super) async fn load_each(
    connection: &Connection,
    schema: &Schema,
    generation: Generation,
    ids: &[Uuid],
) -> Result<Vec<Found>, EngineError> {
    let texts: Vec<String> = ids.iter().map(Uuid::to_string).collect();
    let asked = json!({ "of": of(schema, generation), "ids": texts });
    let each: Vec<Vec<String>> = connection.read("load", &asked).await?;
    let each = ids.iter().zip(each);
    each.map(|(id, row)| found(schema, *id, &row)).collect()
}

fn found(schema: &Schema, id: Uuid, row: &[String]) -> Result<Found, EngineError> {
    match row {
        [] => Ok(Found::Nothing),
        [what, version] if what == "deleted" => {
            let version = version.parse();
            Ok(Found::Deleted(version.map_err(|_| corrupt("a version"))?))
        }
        [_, row] => stored(schema, id, row).map(Found::Live),
        _ => Err(corrupt("an answer")),
    }
}

/// Deleted rows after an id, in the order of ids, with the versions of their deletions.
pub(super) async fn tombstones(
    connection: &Connection,
    schema: &Schema,
    generation: Generation,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<(Uuid, u64)>, EngineError> {
    let after = after.map_or(Value::Bool(false), |id| id.to_string().into());
    let asked = json!({ "of": of(schema, generation), "after": after, "limit": limit });
    let found: Vec<(String, String)> = connection.read("deleted", &asked).await?;
    found
        .iter()
        .map(|(id, version)| {
            let version = version.parse().map_err(|_| corrupt("a version"))?;
            Ok((uuid(id)?, version))
        })
        .collect()
}

/// A stored UUID.
pub(super) fn uuid(text: &str) -> Result<Uuid, EngineError> {
    Uuid::try_parse(text).map_err(|_| corrupt("an id"))
}

/// A stored instant.
pub(super) fn timestamp(text: &str) -> Result<Timestamp, EngineError> {
    text.parse().map_err(|_| corrupt("an instant"))
}

/// An instant in microseconds.
pub(super) fn instant(microseconds: &str) -> Result<Timestamp, EngineError> {
    let microseconds = microseconds.parse().ok();
    microseconds
        .and_then(Timestamp::from_microseconds)
        .ok_or_else(|| corrupt("an instant"))
}
