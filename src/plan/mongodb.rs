//! The first migration of a service on MongoDB: its collections with what they accept, and their
//! indexes, in the shapes that the runtime's engine expects.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::model::{Aggregate, Context, Field, Query, Reference, Scalar, System, Type};

use super::indexes::index_keys;
use super::names;
use super::service::{entity_table, replica_table, table, uniques};

/// The commands that make the collections of a service, in the order of the description.
pub fn initial(system: &System, context: &Context) -> String {
    let mut commands = Vec::new();
    for aggregate in context.aggregates.values() {
        let name = table(aggregate.name.as_str());
        let accepts = validator(system, aggregate);
        commands.push(json!({ "create": name, "validator": accepts }).to_string());
        commands.push(indexed(&name, &of_aggregate(context, aggregate)));
        commands.extend(shard_key(aggregate).map(|key| divided(&name, &key)));
    }
    for replica in context.replicas.values() {
        let name = replica_table(replica.name.as_str());
        commands.push(json!({ "create": name }).to_string());
        commands.push(indexed(&name, &of_replica()));
        commands.push(divided(&name, BY_ID));
    }
    let commands: Vec<String> = commands.iter().map(|it| format!("  {it}")).collect();
    format!("[\n{}\n]\n", commands.join(",\n"))
}

/// An index: its name, the members it is over (`-1`: descending) in their order, and the rest.
struct Index {
    name: String,
    key: Vec<(String, i8)>,
    unique: bool,
    sparse: bool,
    /// The member without which a document is not in it.
    partial: Option<String>,
}

impl Index {
    fn over(name: impl Into<String>, members: &[&str]) -> Self {
        Self {
            name: name.into(),
            key: members
                .iter()
                .map(|member| ((*member).to_owned(), 1))
                .collect(),
            unique: false,
            sparse: false,
            partial: None,
        }
    }

    fn sparse(mut self) -> Self {
        self.sparse = true;
        self
    }

    fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    fn partial(mut self, member: &str) -> Self {
        self.partial = Some(member.to_owned());
        self
    }

    /// The members in JSON; by hand, because their order counts.
    fn key(&self) -> String {
        let key = self.key.iter();
        let key = key.map(|(member, order)| format!("{}: {order}", json!(member)));
        let key: Vec<String> = key.collect();
        format!("{{ {} }}", key.join(", "))
    }

    /// In JSON; by hand, because the order of the members counts.
    fn text(&self) -> String {
        let mut text = format!("{{ \"key\": {}, \"name\": {}", self.key(), json!(self.name));
        for (is_so, what) in [(self.unique, "unique"), (self.sparse, "sparse")] {
            if is_so {
                text.push_str(&format!(", \"{what}\": true"));
            }
        }
        if let Some(member) = &self.partial {
            let there = json!({ member: { "$exists": true } });
            text.push_str(&format!(", \"partialFilterExpression\": {there}"));
        }
        text + " }"
    }
}

fn indexed(table: &str, indexes: &[Index]) -> String {
    let lines = indexes.iter().map(|index| format!("    {}", index.text()));
    let lines: Vec<String> = lines.collect();
    let table = json!(table);
    format!(
        "{{ \"createIndexes\": {table}, \"indexes\": [\n{}\n  ] }}",
        lines.join(",\n")
    )
}

/// The key by which ids divide a collection.
const BY_ID: &str = "{ \"_id\": \"hashed\" }";

/// The command that divides a collection in a cluster.
fn divided(table: &str, key: &str) -> String {
    format!(
        "{{ \"shardCollection\": {}, \"key\": {key} }}",
        json!(table)
    )
}

/// By what an aggregate's collection is divided; `None`: not at all, for what is unique is so in one
/// place.
fn shard_key(aggregate: &Aggregate) -> Option<String> {
    match shard_index(aggregate) {
        Some(index) => Some(index.key()),
        None => uniques(aggregate).is_empty().then(|| BY_ID.to_owned()),
    }
}

/// The index of the field that decides the shard. A unique index begins with all of it.
fn shard_index(aggregate: &Aggregate) -> Option<Index> {
    let field = aggregate.shard_by.as_ref()?.as_str();
    let members: &[&str] = match uniques(aggregate).is_empty() {
        true => &[field, "_id"],
        false => &[field],
    };
    Some(Index::over("microdb_shard", members))
}

fn of_aggregate(context: &Context, aggregate: &Aggregate) -> Vec<Index> {
    let table = table(aggregate.name.as_str());
    let waiting = Index::over("microdb_outbox_id", &["_outbox.id"]).sparse();
    let mut indexes = vec![
        Index::over("microdb_tx", &["_tx.id"]).sparse(),
        match shard_key(aggregate) {
            Some(_) => waiting,
            None => waiting.unique(),
        },
        Index::over("microdb_outbox", &["_outbox.position"]).sparse(),
        Index::over("microdb_live", &["_live", "_id"]),
    ];
    match shard_index(aggregate) {
        Some(index) => indexes.push(index),
        // Answers to requests are in the documents, which they are not where a field divides these.
        None => indexes.push(Index::over("microdb_requests", &["_requests.due"]).sparse()),
    }
    for (unique, _) in uniques(aggregate) {
        let (name, claims) = (format!("{table}_{unique}_key"), format!("_claims.{unique}"));
        let index = match &aggregate.shard_by {
            Some(field) => Index::over(name, &[field.as_str(), &claims]).partial(&claims),
            None => Index::over(name, &[&claims]).sparse(),
        };
        indexes.push(index.unique());
    }
    for field in aggregate.fields.values() {
        if is_local(field) || field.index {
            let name = format!("{table}_{}", field.name);
            indexes.push(Index::over(name, &[field.name.as_str()]));
        }
    }
    for entity in aggregate.entities.values() {
        let of_entity = entity_table(aggregate, entity.name.as_str());
        for field in entity.fields.values().filter(|field| is_local(field)) {
            let member = format!("{}.{}", entity.collection, field.name);
            indexes.push(Index::over(
                format!("{of_entity}_{}", field.name),
                &[&member],
            ));
        }
    }
    let queries = context.queries.values();
    let queries = queries.filter(|query| query.aggregate == aggregate.name);
    indexes.extend(queries.filter_map(|query| of_query(&table, query)));
    // MongoDB takes no second index over the same.
    let mut known = BTreeSet::new();
    indexes.retain(|index| known.insert(index.key()));
    indexes
}

fn of_replica() -> [Index; 2] {
    [
        Index::over("microdb_tx", &["_tx.id"]).sparse(),
        Index::over("microdb_live", &["_generation", "_live", "_id"]),
    ]
}

/// The index of a query: what it is asked by, then its range, then its order, and the id last.
fn of_query(table: &str, query: &Query) -> Option<Index> {
    let keys = index_keys(query).into_iter();
    let keys = keys.filter(|key| key.member != "id").map(|key| {
        let descends = key.descends.unwrap_or_default();
        (key.member, if descends { -1 } else { 1 })
    });
    let keys: Vec<_> = keys.collect();
    if keys.is_empty() {
        return None;
    }
    let name = format!("{table}_by_{}", names::snake(query.name.as_str()));
    let mut index = Index::over(name, &[]);
    index.key = keys;
    index.key.push(("_id".to_owned(), 1));
    Some(index)
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
