//! Searches over one table, page by page.
//!
//! Absent values are the least in every order, as `null` is in MongoDB's. A page starts after the
//! values its predecessor ended with, never at a number of rows, so that no row is missed or told
//! twice while others come and go.

use mongodb::bson::{Bson, Document, doc};
use platform_contract::schema::{Column, Kind};
use platform_ports::engine::cursor::Cursor;
use platform_ports::engine::{EngineError, Find, Page};
use serde_json::Value;
use uuid::Uuid;

use super::error::{Error, unsigned};
use super::fields::{ID, LIVE, VERSION};
use super::search::Search;
use super::store::{Store, all};
use super::{codec, rows};

const VERSION_COLUMN: Column = Column::new("version", Kind::Int);
const CREATED_AT: Column = Column::new("created_at", Kind::Timestamp);
const UPDATED_AT: Column = Column::new("updated_at", Kind::Timestamp);

impl Store {
    /// A page of rows.
    pub(super) async fn page(&self, find: &Find) -> Result<Page, Error> {
        let search = Search {
            sort: sort(find),
            projection: rows::without_outbox(),
            limit: i64::from(find.limit) + 1,
            ..Search::all(filter(find)?)
        };
        let found = self.read(find.schema.table, &search).await?;
        let limit = usize::try_from(find.limit).unwrap_or(usize::MAX);
        let more = found.len() > limit;
        let rows = found
            .iter()
            .take(limit)
            .map(|document| rows::stored(find.schema, document))
            .collect::<Result<Vec<_>, _>>()?;
        let last = rows.last().filter(|_| more);
        let next = last.map(|last| Cursor::after(find, last).encode());
        Ok(Page {
            next: next.transpose()?,
            rows,
        })
    }

    /// Ids and versions of a page alone, of what is committed.
    pub(super) async fn versions(&self, find: &Find) -> Result<Vec<(Uuid, u64)>, Error> {
        if find.limit == 0 {
            return Ok(Vec::new());
        }
        let found = self
            .collection(find.schema.table)
            .find(filter(find)?)
            .sort(sort(find))
            .projection(doc! { VERSION: 1 })
            .limit(find.limit.into())
            .await?;
        let found = all(found).await?;
        let versions = found
            .iter()
            .map(|document| Ok((rows::id_of(document)?, unsigned(document, VERSION)?)));
        versions.collect()
    }
}

fn sort(find: &Find) -> Document {
    let mut sort = Document::new();
    for (name, descending) in find.order {
        let direction = if *descending { -1 } else { 1 };
        sort.entry(field(name).to_owned())
            .or_insert(Bson::from(direction));
    }
    sort.entry(ID.to_owned()).or_insert(Bson::from(1));
    sort
}

fn filter(find: &Find) -> Result<Document, EngineError> {
    let mut conditions = vec![doc! { LIVE: true }];
    if find.schema.generations {
        conditions.push(doc! { "_generation": i64::from(find.generation) });
        conditions.push(rows::of_generation(find.schema, find.generation));
    }
    for (name, value) in &find.equals {
        let value = encode(find, name, value)?;
        conditions.push(compared(name, "$eq", value));
    }
    if let Some((name, from, to)) = &find.range {
        for (operator, bound) in [("$gte", from), ("$lt", to)] {
            if let Some(bound) = bound {
                conditions.push(compared(name, operator, encode(find, name, bound)?));
            }
        }
    }
    if let Some(after) = &find.after {
        conditions.push(start_after(find, after)?);
    }
    Ok(doc! { "$and": conditions })
}

/// A row is after the cursor when it equals it in the first members of the order, for some number
/// of these, and is beyond it in the next.
fn start_after(find: &Find, after: &str) -> Result<Document, EngineError> {
    let cursor = Cursor::decode(find, after)?;
    let mut equal: Vec<Document> = Vec::new();
    let mut alternatives = Vec::new();
    for ((name, descending), value) in find.order.iter().zip(&cursor.values) {
        let value = encode(find, name, value).map_err(|_| EngineError::BadCursor)?;
        if let Some(beyond) = beyond(name, *descending, value.clone()) {
            alternatives.push(conjunction(&equal, beyond));
        }
        equal.push(compared(name, "$eq", value));
    }
    let id = rows::key(find.schema, find.generation, cursor.id);
    alternatives.push(conjunction(&equal, doc! { ID: { "$gt": id } }));
    Ok(doc! { "$or": alternatives })
}

/// Comparisons of MongoDB are with values of the same type alone: `null` is told apart.
fn beyond(name: &str, descending: bool, value: Bson) -> Option<Document> {
    match (descending, value) {
        (false, Bson::Null) => Some(compared(name, "$ne", Bson::Null)),
        (true, Bson::Null) => None,
        (false, value) => Some(compared(name, "$gt", value)),
        (true, value) => Some(doc! { "$or": [
            compared(name, "$lt", value),
            compared(name, "$eq", Bson::Null),
        ] }),
    }
}

fn conjunction(equal: &[Document], beyond: Document) -> Document {
    let mut all = equal.to_vec();
    all.push(beyond);
    doc! { "$and": all }
}

fn compared(name: &str, operator: &str, value: Bson) -> Document {
    doc! { field(name): { operator: value } }
}

fn field(name: &str) -> &str {
    match name {
        "id" => ID,
        name => name,
    }
}

fn encode(find: &Find, name: &str, value: &Value) -> Result<Bson, EngineError> {
    let own = find
        .schema
        .columns
        .iter()
        .find(|column| column.name == name);
    let column = match (own, name) {
        (Some(column), _) => column,
        (None, "id") => return encode_id(find, value),
        (None, "version") => &VERSION_COLUMN,
        (None, "created_at") => &CREATED_AT,
        (None, "updated_at") => &UPDATED_AT,
        (None, _) => {
            let table = find.schema.table;
            return Err(EngineError::Corrupt(format!(
                "`{table}` has no member `{name}`"
            )));
        }
    };
    codec::encode(column, Some(value))
}

/// What is no id equals none.
fn encode_id(find: &Find, value: &Value) -> Result<Bson, EngineError> {
    let id = value.as_str().and_then(|text| Uuid::try_parse(text).ok());
    match (id, value) {
        (Some(id), _) => Ok(Bson::from(rows::key(find.schema, find.generation, id))),
        (None, Value::Null) => Ok(Bson::Null),
        (None, _) => Err(EngineError::Corrupt(
            "the value of `id` is not of its type".to_owned(),
        )),
    }
}
