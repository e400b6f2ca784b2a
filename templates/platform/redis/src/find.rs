//! Searches, as the server's function takes them (`lua/6_find.lua`).

use platform_contract::schema::{Column, Kind};
use platform_ports::engine::cursor::Cursor;
use platform_ports::engine::{EngineError, Find, Page};
use serde_json::{Value, json};

use super::codec::{self, ComparisonSource};
use super::connect::Connection;
use super::entries::{reference_prefix, references_key, unique_field, unique_key};
use super::rows;

const ID: Column = Column::new("id", Kind::Uuid);
const VERSION: Column = Column::new("version", Kind::Int);
const CREATED_AT: Column = Column::new("created_at", Kind::Timestamp);
const UPDATED_AT: Column = Column::new("updated_at", Kind::Timestamp);

/// A page of rows.
pub(super) async fn page(connection: &Connection, find: &Find) -> Result<Page, EngineError> {
    let found: Vec<(String, String)> = connection.read("find", &search(find)?).await?;
    let limit = usize::try_from(find.limit).unwrap_or(usize::MAX);
    let mut rows = Vec::with_capacity(found.len());
    for (id, text) in found.iter().take(limit) {
        rows.push(rows::stored(find.schema, rows::uuid(id)?, text)?);
    }
    let last = rows.last().filter(|_| found.len() > limit);
    let next = last.map(|last| Cursor::after(find, last).encode());
    Ok(Page {
        next: next.transpose()?,
        rows,
    })
}

/// The search.
pub(super) fn search(find: &Find) -> Result<Value, EngineError> {
    let mut equals = Vec::with_capacity(find.equals.len());
    for (name, value) in &find.equals {
        equals.push(with(member(find, name)?, [text(find, name, value)?]));
    }
    let mut nothing = false;
    let mut range = Value::Bool(false);
    if let Some((name, from, to)) = &find.range {
        let mut bounds = [Value::Bool(false), Value::Bool(false)];
        for (bound, given) in bounds.iter_mut().zip([from, to]) {
            if let Some(given) = given {
                *bound = text(find, name, given)?;
                // Nothing lies at or beyond what is absent.
                nothing |= !bound.is_string();
            }
        }
        range = with(member(find, name)?, bounds);
    }
    let mut order = Vec::with_capacity(find.order.len());
    // Ids come in their order anyway, and are told apart by nothing that would follow.
    let up_to_id = find.order.iter().take_while(|one| **one != ("id", false));
    for (name, descending) in up_to_id {
        order.push(with(member(find, name)?, [Value::Bool(*descending)]));
    }
    let lead = if nothing {
        json!(["id", ""])
    } else {
        lead(find)?
    };
    Ok(json!({
        "of": rows::of(find.schema, find.generation),
        "equals": equals,
        "range": range,
        "order": order,
        "after": after(find)?,
        "lead": lead,
        "limit": find.limit,
    }))
}

fn with<const N: usize>(mut member: Vec<Value>, more: [Value; N]) -> Value {
    member.extend(more);
    Value::Array(member)
}

/// Where a member is, and its name.
fn member(find: &Find, name: &str) -> Result<Vec<Value>, EngineError> {
    let column = column(find, name)?;
    let is_own = find.schema.columns.iter().any(|own| own.name == name);
    let source = match codec::comparison_source(column) {
        _ if !is_own => "r",
        ComparisonSource::Members => "m",
        ComparisonSource::Compared => "e",
        ComparisonSource::Nowhere => {
            return Err(EngineError::Corrupt(format!(
                "nothing is searched by `{name}`"
            )));
        }
    };
    Ok(vec![source.into(), name.into()])
}

fn column<'a>(find: &Find, name: &str) -> Result<&'a Column, EngineError> {
    let mut own = find.schema.columns.iter();
    match (own.find(|column| column.name == name), name) {
        (Some(column), _) => Ok(column),
        (None, "id") => Ok(&ID),
        (None, "version") => Ok(&VERSION),
        (None, "created_at") => Ok(&CREATED_AT),
        (None, "updated_at") => Ok(&UPDATED_AT),
        (None, _) => {
            let table = find.schema.table;
            Err(EngineError::Corrupt(format!(
                "`{table}` has no member `{name}`"
            )))
        }
    }
}

/// The text of a value; `false` for an absent one.
fn text(find: &Find, name: &str, value: &Value) -> Result<Value, EngineError> {
    let text = codec::compared(column(find, name)?, value)?;
    Ok(text.map_or(Value::Bool(false), Value::String))
}

fn after(find: &Find) -> Result<Value, EngineError> {
    let Some(after) = &find.after else {
        return Ok(Value::Bool(false));
    };
    let cursor = Cursor::decode(find, after)?;
    let mut values = Vec::with_capacity(find.order.len());
    for ((name, _), value) in find.order.iter().zip(&cursor.values) {
        values.push(text(find, name, value).map_err(|_| EngineError::BadCursor)?);
    }
    Ok(json!({ "values": values, "id": cursor.id.to_string() }))
}

/// What leads to the rows without looking at all of them; `false` when nothing does.
fn lead(find: &Find) -> Result<Value, EngineError> {
    let given = |name: &str| {
        let mut equals = find.equals.iter();
        equals.find_map(|(member, value)| (*member == name).then_some(value))
    };
    if let Some(value) = given("id").filter(|value| !value.is_null()) {
        return Ok(json!(["id", text(find, "id", value)?]));
    }
    if find.schema.generations {
        return Ok(Value::Bool(false));
    }
    for unique in find.schema.unique {
        if let Some(field) = unique_field(find.schema, unique, given)? {
            return Ok(json!(["unique", unique_key(find.schema, unique), field]));
        }
    }
    for column in find.schema.columns.iter().filter(|column| !column.list) {
        if let (Some(to), Some(value)) = (column.references, given(column.name))
            && let Some(id) = codec::compared(column, value)?
        {
            let prefix = reference_prefix(&id, find.schema.table, column.name);
            return Ok(json!(["references", references_key(to), prefix]));
        }
    }
    Ok(Value::Bool(false))
}
