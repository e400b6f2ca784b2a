//! The first migration of a service on MongoDB: its collections with what they accept, and their
//! indexes, in the shapes that the runtime's engine expects.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};

use crate::model::{Aggregate, Context, Entity, Field, Query, Reference, Scalar, System, Type};

use super::query_index::index_keys;
use crate::plan::rust::names;
use crate::plan::services::tables::{entity_table, replica_table, table, uniques};
use crate::plan::view::Json;

/// `services/__context__/migrations/0001_initial.json`.
#[derive(Debug, Serialize)]
pub struct CollectionsFile {
    aggregates: Vec<AggregateCollection>,
    /// The collections of copies of what other contexts own.
    replicas: Vec<String>,
}

/// The collection of an aggregate.
#[derive(Debug, Serialize)]
struct AggregateCollection {
    name: String,
    /// What a document of a live aggregate may hold, in the order of names; of a deleted one little is left.
    properties: Vec<Property>,
    /// Those of them that are always there, in the order of the description.
    required: Vec<String>,
    /// By which field it is divided: the index of that. A unique index begins with all of it.
    shard: Option<Index>,
    /// Whether it is divided by ids where no field divides it: not where something is unique, which it
    /// is in one place.
    by_id: bool,
    /// The indexes besides those that all have.
    indexes: Vec<Index>,
}

/// What a member of a document accepts.
#[derive(Debug, Serialize)]
struct Property {
    name: String,
    /// What its elements hold, where it is a list of entities.
    entities: Option<Vec<Self>>,
    /// The values that it may have, where they are listed.
    values: Option<Vec<Json>>,
    /// The type of BSON that the runtime keeps it in, where they are not.
    #[serde(rename = "type")]
    ty: &'static str,
    list: bool,
    optional: bool,
}

/// An index.
#[derive(Debug, Serialize)]
struct Index {
    name: String,
    /// The members that it is over, in their order.
    key: Vec<Key>,
    unique: bool,
    sparse: bool,
    /// The member without which a document is not in it.
    partial: Option<String>,
}

/// A member of an index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Key {
    member: String,
    /// `-1`: it descends.
    order: i8,
}

impl Key {
    fn of(member: impl Into<String>) -> Self {
        Self {
            member: member.into(),
            order: 1,
        }
    }
}

impl Index {
    fn over(name: impl Into<String>, members: &[&str]) -> Self {
        Self {
            name: name.into(),
            key: members.iter().map(|member| Key::of(*member)).collect(),
            unique: false,
            sparse: false,
            partial: None,
        }
    }
}

impl CollectionsFile {
    /// The indexes that keep nothing from being alike, by collection and name. What divides a collection is
    /// none of them.
    pub fn plain_indexes(&self) -> Vec<(String, Value)> {
        let aggregates = self.aggregates.iter();
        let indexes = aggregates.flat_map(|aggregate| {
            let plain = aggregate.indexes.iter().filter(|index| !index.unique);
            plain.map(|index| (format!("{}.{}", aggregate.name, index.name), json!(index)))
        });
        indexes.collect()
    }
}

/// The collections of a service, in the order of the description.
pub fn collections(system: &System, context: &Context) -> CollectionsFile {
    let aggregates = context.aggregates.values();
    let replicas = context.replicas.values();
    CollectionsFile {
        aggregates: aggregates
            .map(|it| collection(system, context, it))
            .collect(),
        replicas: replicas.map(|it| replica_table(it.name.as_str())).collect(),
    }
}

fn collection(system: &System, context: &Context, aggregate: &Aggregate) -> AggregateCollection {
    let shard = shard(aggregate);
    AggregateCollection {
        name: table(aggregate.name.as_str()),
        properties: properties(system, aggregate),
        required: required(aggregate),
        by_id: shard.is_none() && uniques(aggregate).is_empty(),
        indexes: indexes(context, aggregate, shard.as_ref()),
        shard,
    }
}

fn shard(aggregate: &Aggregate) -> Option<Index> {
    let field = aggregate.shard_by.as_ref()?.as_str();
    let members: &[&str] = match uniques(aggregate).is_empty() {
        true => &[field, "_id"],
        false => &[field],
    };
    Some(Index::over("microdb_shard", members))
}

fn indexes(context: &Context, aggregate: &Aggregate, shard: Option<&Index>) -> Vec<Index> {
    let table = table(aggregate.name.as_str());
    let mut indexes = Vec::new();
    for (unique, _) in uniques(aggregate) {
        let (name, claims) = (format!("{table}_{unique}_key"), format!("_claims.{unique}"));
        let index = match &aggregate.shard_by {
            Some(field) => Index {
                partial: Some(claims.clone()),
                ..Index::over(name, &[field.as_str(), &claims])
            },
            None => Index {
                sparse: true,
                ..Index::over(name, &[&claims])
            },
        };
        indexes.push(Index {
            unique: true,
            ..index
        });
    }
    let fields = aggregate.fields.values();
    let fields = fields.filter(|field| is_local(field) || field.index);
    indexes.extend(fields.map(|field| {
        let name = format!("{table}_{}", field.name);
        Index::over(name, &[field.name.as_str()])
    }));
    for entity in aggregate.entities.values() {
        let of_entity = entity_table(aggregate, entity.name.as_str());
        let fields = entity.fields.values().filter(|field| is_local(field));
        indexes.extend(fields.map(|field| {
            let member = format!("{}.{}", entity.collection, field.name);
            Index::over(format!("{of_entity}_{}", field.name), &[&member])
        }));
    }
    let queries = context.queries.values();
    let queries = queries.filter(|query| query.aggregate == aggregate.name);
    indexes.extend(queries.filter_map(|query| of_query(&table, query)));
    // MongoDB takes no second index over the same.
    let shard = shard.map(|index| index.key.clone());
    let mut known: BTreeSet<Vec<Key>> = shard.into_iter().collect();
    indexes.retain(|index| known.insert(index.key.clone()));
    indexes
}

/// The index of a query: what it is asked by, then its range, then its order, and the id last.
fn of_query(table: &str, query: &Query) -> Option<Index> {
    let keys = index_keys(query).into_iter();
    let keys = keys.filter(|key| key.member != "id").map(|key| Key {
        order: if key.descends.unwrap_or_default() {
            -1
        } else {
            1
        },
        member: key.member,
    });
    let mut key: Vec<Key> = keys.collect();
    if key.is_empty() {
        return None;
    }
    key.push(Key::of("_id"));
    let name = format!("{table}_by_{}", names::snake(query.name.as_str()));
    Some(Index {
        key,
        ..Index::over(name, &[])
    })
}

fn is_local(field: &Field) -> bool {
    matches!(field.ty, Type::Reference(Reference::Local(_)))
}

fn properties(system: &System, aggregate: &Aggregate) -> Vec<Property> {
    let fields = aggregate.fields.values();
    let fields = fields.map(|field| accepted(system, field));
    let entities = aggregate.entities.values();
    let entities = entities.map(|entity| elements(system, entity));
    let mut properties: Vec<Property> = fields.chain(entities).collect();
    if !aggregate.states.is_empty() {
        let states = aggregate.states.iter();
        properties.push(Property {
            name: "status".to_owned(),
            entities: None,
            values: Some(states.map(|it| Json::text(it.name.as_str())).collect()),
            ty: "string",
            list: false,
            optional: false,
        });
    }
    sorted(properties)
}

fn sorted(mut properties: Vec<Property>) -> Vec<Property> {
    properties.sort_by(|one, other| one.name.cmp(&other.name));
    properties
}

fn required(aggregate: &Aggregate) -> Vec<String> {
    let kept = ["version", "created_at", "updated_at"].map(str::to_owned);
    let status = (!aggregate.states.is_empty()).then(|| "status".to_owned());
    let fields = aggregate.fields.values().filter(|field| !field.optional);
    let fields = fields.map(|field| field.name.to_string());
    kept.into_iter().chain(status).chain(fields).collect()
}

/// A list of entities.
fn elements(system: &System, entity: &Entity) -> Property {
    let fields = entity.fields.values();
    let fields = fields.map(|field| accepted(system, field));
    Property {
        name: entity.collection.to_string(),
        entities: Some(sorted(fields.collect())),
        values: None,
        ty: "object",
        list: true,
        optional: true,
    }
}

/// The values that a field may have.
fn accepted(system: &System, field: &Field) -> Property {
    let values = match &field.ty {
        Type::Enum(path) => system.enum_type(path).map(|it| it.values.iter()),
        _ => None,
    };
    Property {
        name: field.name.to_string(),
        entities: None,
        values: values.map(|values| values.map(|value| Json::text(value)).collect()),
        ty: bson(&field.ty),
        list: field.list,
        optional: field.optional,
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
