//! Writes the entities inside an aggregate, and of these only what changed.

use serde_json::Value;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::apply::Stop;
use super::tables::CollectionSql;
use super::value::{Arguments, Sql, Type};
use super::{codec, constraints, statement};
use crate::engine::{EngineError, Save, Stored};
use crate::schema::Collection;

/// Makes the rows of `collection` those of `stored`. `existed`: whether there may be rows already.
pub(super) async fn save(
    connection: &mut PgConnection,
    save: &Save,
    collection: &Collection,
    sql: &CollectionSql,
    stored: &Stored,
    existed: bool,
) -> Result<(), Stop> {
    let (ids, columns) = entities(collection, stored)?;
    if ids.is_empty() && !existed {
        return Ok(());
    }
    let positions: Vec<Sql> = (0_i64..).take(ids.len()).map(Sql::Int).collect();
    let mut arguments = Arguments::default()
        .uuid(stored.id)
        .many(Type::Uuid, &ids)
        .many(Type::Int, &positions);
    for (column, values) in collection.columns.iter().zip(&columns) {
        arguments = arguments.many(codec::type_of(column), values);
    }
    statement::execute(connection, &sql.save, arguments)
        .await
        .map_err(|failed| constraints::stop(save, stored.id, !existed, failed))?;
    Ok(())
}

/// What is to be stored: the ids, and for each column the values.
fn entities(
    collection: &Collection,
    stored: &Stored,
) -> Result<(Vec<Sql>, Vec<Vec<Sql>>), EngineError> {
    let malformed =
        || EngineError::Corrupt(format!("`{}` is no list of entities", collection.member));
    let mut ids = Vec::new();
    let mut columns = vec![Vec::new(); collection.columns.len()];
    let list = match stored.members.get(collection.member) {
        None | Some(Value::Null) => return Ok((ids, columns)),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(malformed()),
    };
    for entity in list {
        let entity = entity.as_object().ok_or_else(malformed)?;
        let id = entity.get("id").and_then(Value::as_str);
        let id = id.and_then(|id| Uuid::try_parse(id).ok());
        ids.push(Sql::Uuid(id.ok_or_else(malformed)?));
        for (column, values) in collection.columns.iter().zip(&mut columns) {
            values.push(codec::encode(column, entity.get(column.name))?);
        }
    }
    Ok((ids, columns))
}
