//! The first migration of a service on MongoDB: its collections with what they accept, and their
//! indexes, in the shapes that the runtime's engine expects.

use serde_json::{Map, Value, json};

use crate::model::{Aggregate, Context, Field, Query, Reference, Replica, Scalar, System, Type};

use super::names;
use super::service::{entity_table, replica_table, table, uniques};
use super::sql::query_members;

/// The commands that make the collections of a service, a line each.
pub fn initial(system: &System, context: &Context) -> String {
    let mut commands = Vec::new();
    for aggregate in context.aggregates.values() {
        commands.extend(of_aggregate(system, context, aggregate));
    }
    for replica in context.replicas.values() {
        commands.extend(of_replica(replica));
    }
    let lines: Vec<String> = commands.iter().map(|it| format!("  {it}")).collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}

fn of_aggregate(system: &System, context: &Context, aggregate: &Aggregate) -> [Value; 2] {
    let name = table(aggregate.name.as_str());
    let mut indexes = vec![
        json!({ "key": { "_tx.id": 1 }, "name": "microdb_tx", "sparse": true }),
        json!({ "key": { "_outbox.id": 1 }, "name": "microdb_outbox_id", "unique": true, "sparse": true }),
        json!({ "key": { "_outbox.position": 1 }, "name": "microdb_outbox", "sparse": true }),
        json!({ "key": { "_live": 1, "_id": 1 }, "name": "microdb_live" }),
    ];
    for (unique, _) in uniques(aggregate) {
        indexes.push(json!({
            "key": { format!("_claims.{unique}"): 1 },
            "name": format!("{name}_{unique}_key"),
            "unique": true,
            "sparse": true,
        }));
    }
    for field in aggregate.fields.values() {
        if is_local(field) || field.index {
            let (key, name) = (field.name.as_str(), format!("{name}_{}", field.name));
            indexes.push(json!({ "key": { key: 1 }, "name": name }));
        }
    }
    for entity in aggregate.entities.values() {
        let of_entity = entity_table(aggregate, entity.name.as_str());
        for field in entity.fields.values().filter(|field| is_local(field)) {
            let key = format!("{}.{}", entity.collection, field.name);
            let name = format!("{of_entity}_{}", field.name);
            indexes.push(json!({ "key": { key: 1 }, "name": name }));
        }
    }
    let queries = context.queries.values();
    for query in queries.filter(|query| query.aggregate == aggregate.name) {
        indexes.extend(of_query(&name, query));
    }
    let create = json!({ "create": name, "validator": validator(system, aggregate) });
    [create, json!({ "createIndexes": name, "indexes": indexes })]
}

fn of_replica(replica: &Replica) -> [Value; 2] {
    let name = replica_table(replica.name.as_str());
    let indexes = json!([
        { "key": { "_tx.id": 1 }, "name": "microdb_tx", "sparse": true },
        { "key": { "generation": 1, "_live": 1, "_id": 1 }, "name": "microdb_live" },
    ]);
    [
        json!({ "create": name }),
        json!({ "createIndexes": name, "indexes": indexes }),
    ]
}

/// The index of a query: what it is asked by, then its range, then its order, and the id last.
fn of_query(table: &str, query: &Query) -> Option<Value> {
    let members = query_members(query);
    if members == ["id"] {
        return None;
    }
    let mut key = Map::new();
    for member in members.iter().filter(|member| *member != "id") {
        let ordered = query.order_by.iter().find(|(it, _)| it.as_str() == member);
        let descending = ordered.is_some_and(|(_, descending)| *descending);
        key.insert(member.clone(), json!(if descending { -1 } else { 1 }));
    }
    key.insert("_id".to_owned(), json!(1));
    let name = format!("{table}_by_{}", names::snake(query.name.as_str()));
    Some(json!({ "key": key, "name": name }))
}

fn is_local(field: &Field) -> bool {
    matches!(field.ty, Type::Reference(Reference::Local(_)))
}

/// What a document of a live aggregate has to look like; of a deleted one little is left.
fn validator(system: &System, aggregate: &Aggregate) -> Value {
    let mut properties = Map::new();
    let mut required: Vec<&str> = vec!["version", "created_at", "updated_at"];
    if !aggregate.states.is_empty() {
        let states: Vec<_> = aggregate.states.iter().map(|it| it.name.as_str()).collect();
        properties.insert("status".to_owned(), json!({ "enum": states }));
        required.push("status");
    }
    for field in aggregate.fields.values() {
        properties.insert(field.name.to_string(), accepted(system, field));
        if !field.optional {
            required.push(field.name.as_str());
        }
    }
    for entity in aggregate.entities.values() {
        let of_entity = entity.fields.values();
        let of_entity = of_entity.map(|it| (it.name.to_string(), accepted(system, it)));
        let properties_of_entity: Map<_, _> = of_entity.collect();
        let items = json!({
            "bsonType": "object",
            "required": ["id"],
            "properties": properties_of_entity,
        });
        properties.insert(
            entity.collection.to_string(),
            json!({ "bsonType": ["array", "null"], "items": items }),
        );
    }
    let schema = json!({ "bsonType": "object", "required": required, "properties": properties });
    json!({ "$or": [{ "_live": { "$ne": true } }, { "$jsonSchema": schema }] })
}

/// The values that a field may have.
fn accepted(system: &System, field: &Field) -> Value {
    let one = match &field.ty {
        Type::Enum(path) => system.enum_type(path).map_or_else(
            || json!({ "bsonType": "string" }),
            |it| json!({ "enum": it.values }),
        ),
        ty => json!({ "bsonType": bson(ty) }),
    };
    match (field.list, field.optional) {
        (false, false) => one,
        (false, true) => json!({ "anyOf": [one, { "bsonType": "null" }] }),
        (true, false) => json!({ "bsonType": "array", "items": one }),
        (true, true) => json!({ "bsonType": ["array", "null"], "items": one }),
    }
}

/// The type of BSON that the runtime keeps a value in.
fn bson(ty: &Type) -> &'static str {
    match ty {
        Type::Scalar(Scalar::Bool) => "bool",
        Type::Scalar(Scalar::Int | Scalar::Duration) => "long",
        Type::Scalar(Scalar::Float) => "double",
        Type::Scalar(Scalar::Decimal(format)) if format.precision <= 18 => "long",
        _ => "string",
    }
}
