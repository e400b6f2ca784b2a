//! The entities inside an aggregate, as its members have them.

use std::collections::HashSet;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{EngineError, Stored};
use platform_contract::schema::Collection;

/// An entity: its id, and its members.
pub type Entity<'a> = (Uuid, &'a Map<String, Value>);

/// The entities that a collection of `stored` is to have, in their order. Their key is the aggregate
/// and their id, on every engine: the same id twice is an error.
pub fn of<'a>(collection: &Collection, stored: &'a Stored) -> Result<Vec<Entity<'a>>, EngineError> {
    let malformed =
        || EngineError::Corrupt(format!("`{}` is no list of entities", collection.member));
    let list = match stored.members.get(collection.member) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(malformed()),
    };
    let mut ids = HashSet::with_capacity(list.len());
    let mut entities = Vec::with_capacity(list.len());
    for entity in list {
        let entity = entity.as_object().ok_or_else(malformed)?;
        let id = entity.get("id").and_then(Value::as_str);
        let id = id.and_then(|id| Uuid::try_parse(id).ok());
        let id = id.ok_or_else(malformed)?;
        if !ids.insert(id) {
            return Err(EngineError::Corrupt(format!(
                "two entities of `{}` in {} have the id {id}",
                collection.table, stored.id
            )));
        }
        entities.push((id, entity));
    }
    Ok(entities)
}
