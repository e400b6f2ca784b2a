//! Writes the entities inside an aggregate, and of these only what changed.

use std::collections::{HashMap, HashSet};

use platform_contract::schema::Collection;
use platform_ports::engine::{EngineError, Stored, entities};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params, params_from_iter};

use super::error::{ApplyError, Error};
use super::tables::CollectionSql;
use super::{codec, constraints};

/// Makes the rows of `collection` those of `stored`. `existed`: whether there may be rows already.
pub(super) fn save(
    connection: &Connection,
    collection: &Collection,
    sql: &CollectionSql,
    stored: &Stored,
    existed: bool,
) -> Result<(), ApplyError> {
    let parent = stored.id.to_string();
    let mut old = match existed {
        true => read(connection, collection, sql, &parent)?,
        false => HashMap::new(),
    };
    let new = rows(collection, stored, &parent)?;
    let kept: HashSet<&str> = new.iter().map(|(id, _)| id.as_str()).collect();
    for id in old.keys().filter(|id| !kept.contains(id.as_str())) {
        connection
            .prepare_cached(&sql.delete)?
            .execute(params![id, parent])?;
    }
    for (id, values) in &new {
        let text = match old.remove(id) {
            Some(known) if known == values[2..] => continue,
            Some(_) => &sql.update,
            None => &sql.insert,
        };
        connection
            .prepare_cached(text)?
            .execute(params_from_iter(values))
            .map_err(|error| constraints::of_entity(connection, collection, values, error))?;
    }
    Ok(())
}

/// What is stored: by id, the position and the columns.
fn read(
    connection: &Connection,
    collection: &Collection,
    sql: &CollectionSql,
    parent: &str,
) -> Result<HashMap<String, Vec<Sql>>, Error> {
    let mut statement = connection.prepare_cached(&sql.load)?;
    let width = collection.columns.len() + 2;
    let mut rows = statement.query([parent])?;
    let mut found = HashMap::new();
    while let Some(row) = rows.next()? {
        let values: rusqlite::Result<Vec<Sql>> = (1..width).map(|index| row.get(index)).collect();
        found.insert(row.get(0)?, values?);
    }
    Ok(found)
}

/// What is to be stored: the id, the parent, the position and the columns of each.
fn rows(
    collection: &Collection,
    stored: &Stored,
    parent: &str,
) -> Result<Vec<(String, Vec<Sql>)>, EngineError> {
    let mut rows = Vec::new();
    for (position, (id, entity)) in (0_i64..).zip(entities::of(collection, stored)?) {
        let id = id.to_string();
        let mut values = vec![
            Sql::Text(id.clone()),
            Sql::Text(parent.to_owned()),
            Sql::Integer(position),
        ];
        for column in collection.columns {
            values.push(codec::encode(column, entity.get(column.name))?);
        }
        rows.push((id, values));
    }
    Ok(rows)
}
