//! Rows of a schema as documents: one per row, the entities inside among its members.

use std::collections::HashMap;

use mongodb::bson::{Bson, Document, doc};
use platform_contract::schema::{Collection, Column, Schema, canonical_value};
use platform_contract::value::Timestamp;
use platform_ports::engine::{EngineError, Found, Generation, Save, Stored, entities};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::codec;
use super::error::{Error, corrupt, is_true, number, signed, text, unsigned};
use super::fields::{CLAIMS, ID, INTENT_ID, LIVE, OUTBOX, REQUESTS, VERSION};
use super::search::Search;
use super::store::Store;

/// What nobody needs who reads rows.
pub(super) fn without_outbox() -> Document {
    doc! { OUTBOX: 0, REQUESTS: 0, "_tx.set": 0, "_tx.push": 0, "_tx.answers": 0 }
}

/// The key of a row: the id, after the generation where there are some.
pub(super) fn key(schema: &Schema, generation: Generation, id: Uuid) -> String {
    match schema.generations {
        true => format!("{generation}/{id}"),
        false => id.to_string(),
    }
}

/// The condition that a row is of the generation. Keys begin with it, so it is one on these.
pub(super) fn of_generation(schema: &Schema, generation: Generation) -> Document {
    match schema.generations {
        // `0` is the character after `/`.
        true => doc! { ID: { "$gte": format!("{generation}/"), "$lt": format!("{generation}0") } },
        false => doc! {},
    }
}

/// The id of a row.
pub(super) fn id_of(document: &Document) -> Result<Uuid, EngineError> {
    let key = text(document, ID)?;
    let id = key.rsplit('/').next().unwrap_or(key);
    Uuid::try_parse(id).map_err(|_| corrupt(ID))
}

/// The version of what is or was there; 0: nothing.
pub(super) fn version(document: Option<&Document>) -> Result<u64, EngineError> {
    match document {
        Some(document) => unsigned(document, VERSION),
        None => Ok(0),
    }
}

/// Whether there is something.
pub(super) fn is_live(document: &Document) -> bool {
    is_true(document, LIVE)
}

fn has_version(document: &Document) -> bool {
    number(document, VERSION).is_some_and(|version| version > 0)
}

/// What a live row is stored as, in the place of what was there before.
pub(super) fn live(
    save: &Save,
    stored: &Stored,
    before: Option<&Document>,
) -> Result<Document, EngineError> {
    let before = before.filter(|before| is_live(before));
    let created_at = match before {
        Some(before) => text(before, "created_at")?.to_owned(),
        None => stored.created_at.to_string(),
    };
    let mut document = doc! {
        LIVE: true,
        VERSION: signed(stored.version)?,
        "created_at": created_at,
        "updated_at": stored.updated_at.to_string(),
    };
    if save.schema.generations {
        document.insert("_generation", i64::from(save.generation));
    }
    for column in save.schema.columns {
        let value = codec::encode(column, stored.members.get(column.name))?;
        document.insert(column.name, value);
    }
    for collection in save.schema.collections {
        document.insert(collection.member, list(collection, stored)?);
    }
    document.insert(CLAIMS, claims(save.schema, stored));
    Ok(document)
}

/// What a deletion leaves behind.
pub(super) fn tombstone(save: &Save, version: u64) -> Result<Document, EngineError> {
    let mut document = doc! { LIVE: false, VERSION: signed(version)?, CLAIMS: {} };
    if save.schema.generations {
        document.insert("_generation", i64::from(save.generation));
    }
    Ok(document)
}

/// What the row has of every unique constraint: of those of which all members are there.
fn claims(schema: &Schema, stored: &Stored) -> Document {
    let mut claims = Document::new();
    for unique in schema.unique {
        let values = unique.members.iter().map(|member| {
            let column = schema
                .columns
                .iter()
                .find(|column| column.name == *member)?;
            let value = stored.members.get(*member)?;
            (!value.is_null()).then(|| canonical_value(column, value))
        });
        if let Some(values) = values.collect::<Option<Vec<Value>>>() {
            let claim = Value::Array(values).to_string();
            claims.insert(unique.name, vec![claim]);
        }
    }
    claims
}

fn list(collection: &Collection, stored: &Stored) -> Result<Bson, EngineError> {
    let mut list = Vec::new();
    for (id, entity) in entities::of(collection, stored)? {
        let mut document = doc! { "id": id.to_string() };
        for column in collection.columns {
            document.insert(column.name, codec::encode(column, entity.get(column.name))?);
        }
        list.push(Bson::Document(document));
    }
    Ok(Bson::Array(list))
}

/// The row that a document is.
pub(super) fn stored(schema: &Schema, document: &Document) -> Result<Stored, EngineError> {
    let mut members = members(schema.columns, document)?;
    for collection in schema.collections {
        let list = document
            .get_array(collection.member)
            .map_err(|_| corrupt(collection.member))?;
        let mut entities = Vec::with_capacity(list.len());
        for entity in list {
            let entity = entity
                .as_document()
                .ok_or_else(|| corrupt(collection.member))?;
            let mut members = self::members(collection.columns, entity)?;
            members.insert("id".to_owned(), Value::from(text(entity, "id")?));
            entities.push(Value::Object(members));
        }
        members.insert(collection.member.to_owned(), Value::Array(entities));
    }
    Ok(Stored {
        id: id_of(document)?,
        version: unsigned(document, VERSION)?,
        created_at: timestamp(document, "created_at")?,
        updated_at: timestamp(document, "updated_at")?,
        members,
    })
}

/// What is or was in the place of a document.
fn found(schema: &Schema, document: Option<&Document>) -> Result<Found, EngineError> {
    match document {
        Some(document) if is_live(document) => stored(schema, document).map(Found::Live),
        // One that is not there for a row: a transaction's, or for the answer to a refused creation.
        Some(document) if has_version(document) => unsigned(document, VERSION).map(Found::Deleted),
        _ => Ok(Found::Nothing),
    }
}

fn members(columns: &[Column], document: &Document) -> Result<Map<String, Value>, EngineError> {
    let mut members = Map::new();
    for column in columns {
        if let Some(value) = codec::decode(column, document.get(column.name))? {
            members.insert(column.name.to_owned(), value);
        }
    }
    Ok(members)
}

fn timestamp(document: &Document, name: &str) -> Result<Timestamp, EngineError> {
    text(document, name)?.parse().map_err(|_| corrupt(name))
}

impl Store {
    /// The rows under these ids, or what their deletions left behind, an answer each in their order.
    pub(super) async fn load_each(
        &self,
        schema: &Schema,
        generation: Generation,
        ids: &[Uuid],
    ) -> Result<Vec<Found>, Error> {
        let keys: Vec<String> = ids.iter().map(|id| key(schema, generation, *id)).collect();
        let search = Search {
            projection: without_outbox(),
            ..Search::all(doc! { ID: { "$in": &keys } })
        };
        let documents = self.read(schema.table, &search).await?;
        let keyed = documents
            .iter()
            .map(|document| Ok((text(document, ID)?, document)));
        let keyed: HashMap<&str, &Document> = keyed.collect::<Result<_, EngineError>>()?;
        let each = keys
            .iter()
            .map(|key| found(schema, keyed.get(key.as_str()).copied()));
        Ok(each.collect::<Result<_, _>>()?)
    }

    /// Deleted rows after an id, in the order of ids, with the versions of their deletions.
    pub(super) async fn deleted(
        &self,
        schema: &Schema,
        generation: Generation,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<(Uuid, u64)>, Error> {
        let mut filter = of_generation(schema, generation);
        filter.insert(LIVE, false);
        if let Some(after) = after {
            let after = doc! { ID: { "$gt": key(schema, generation, after) } };
            filter = doc! { "$and": [filter, after] };
        }
        let search = Search {
            sort: doc! { ID: 1 },
            projection: doc! { VERSION: 1, INTENT_ID: 1 },
            limit: limit.into(),
            ..Search::all(filter)
        };
        let found = self.read(schema.table, &search).await?;
        let tombstones = found
            .iter()
            .map(|document| Ok((id_of(document)?, unsigned(document, VERSION)?)));
        tombstones.collect()
    }
}
