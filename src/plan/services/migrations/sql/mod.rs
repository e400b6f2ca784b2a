//! The tables of a service in SQL: the first migration on SQLite and PostgreSQL.

mod dialect;
mod indexes;

use serde::Serialize;
use serde_json::{Value, json};

use crate::model::{Aggregate, Context, Entity, Field, Ident, Reference, Replica, System, Type};

use self::indexes::{Index, Indexes};
use crate::plan::services::tables::{entity_table, replica_table, table};
use crate::plan::view::{Doc, SqlName, SqlType};

pub use self::dialect::Dialect;
use self::dialect::Types;

/// Into how many partitions a divided table is parted; fixed once it is made.
const PARTITIONS: u32 = 16;

/// `services/__context__/migrations/0001_initial.sql`, and the tables that stand in for a server's.
#[derive(Debug, Serialize)]
pub struct TablesFile<'a> {
    /// The name of the context.
    context: &'a str,
    /// The database whose SQL it is.
    dialect: Dialect,
    /// What that calls the types of the columns that all tables have.
    types: Types,
    /// The tables of aggregates, in an order that references allow.
    aggregates: Vec<AggregateTables>,
    replicas: Vec<ReplicaTable>,
}

/// The tables of an aggregate and of its entities.
#[derive(Debug, Serialize)]
struct AggregateTables {
    /// What the description says of it.
    doc: Doc,
    /// The table of its roots.
    name: SqlName,
    /// Whether it has a status.
    has_status: bool,
    /// Its fields.
    columns: Vec<Column>,
    entities: Vec<EntityTable>,
    /// By what it is divided; `None` where all of it is in one place.
    divided: Option<Divided>,
    indexes: Vec<Index>,
}

/// How an aggregate is divided: into partitions, or the shards of Citus, where that is installed.
///
/// The primary key has to have the shard key in it; that an id is used once is the runtime's doing.
#[derive(Debug, Serialize)]
struct Divided {
    /// The column that decides.
    by: SqlName,
    /// Its type, which the tables of entities have too.
    #[serde(rename = "type")]
    ty: SqlType,
    /// The number of partitions.
    partitions: u32,
    /// The number of the last one: they are counted from zero.
    last: u32,
    /// Whether Citus may divide it: nothing in it names another table by a foreign key, which Citus
    /// does not have between a divided table and others.
    citus: bool,
}

/// The table of an entity. One is told from others by its id within its aggregate: ids of entities
/// come from callers.
#[derive(Debug, Serialize)]
struct EntityTable {
    /// What the description says of it.
    doc: Doc,
    name: SqlName,
    /// Its fields.
    columns: Vec<Column>,
}

/// The table of copies of what another context owns.
#[derive(Debug, Serialize)]
struct ReplicaTable {
    /// The aggregate that is copied: `customer.Customer`.
    of: String,
    name: SqlName,
    /// The fields that are copied.
    columns: Vec<Column>,
}

/// The column of a field.
#[derive(Debug, Serialize)]
struct Column {
    name: SqlName,
    #[serde(rename = "type")]
    ty: SqlType,
    /// Whether there is always a value.
    required: bool,
    /// The table whose id it holds.
    references: Option<SqlName>,
}

impl TablesFile<'_> {
    /// The indexes that keep nothing from being alike, by name.
    pub fn plain_indexes(&self) -> Vec<(String, Value)> {
        let aggregates = self.aggregates.iter();
        let indexes = aggregates.flat_map(|aggregate| &aggregate.indexes);
        let plain = indexes.filter(|index| !index.is_unique());
        plain.map(|index| (index.name(), json!(index))).collect()
    }
}

/// The tables of a service, as this database has them.
pub fn tables<'a>(dialect: Dialect, system: &System, context: &'a Context) -> TablesFile<'a> {
    let mut indexes = Indexes::new(dialect, context);
    let aggregates = context.aggregates.values();
    let replicas = context.replicas.values();
    TablesFile {
        context: context.name.as_str(),
        dialect,
        types: dialect.types(),
        aggregates: aggregates
            .map(|it| aggregate(dialect, it, indexes.of(it)))
            .collect(),
        replicas: replicas.map(|it| replica(dialect, system, it)).collect(),
    }
}

fn aggregate(dialect: Dialect, aggregate: &Aggregate, indexes: Vec<Index>) -> AggregateTables {
    let shard = aggregate.shard_by.as_ref();
    let shard = shard.filter(|_| dialect == Dialect::Postgres);
    let entities = aggregate.entities.values();
    AggregateTables {
        doc: Doc::plain(aggregate.doc.as_deref()),
        name: SqlName::new(table(aggregate.name.as_str())),
        has_status: !aggregate.states.is_empty(),
        columns: columns(dialect, aggregate.fields.values()),
        entities: entities.map(|it| entity(dialect, aggregate, it)).collect(),
        divided: shard.map(|by| divided(aggregate, by)),
        indexes,
    }
}

fn divided(aggregate: &Aggregate, by: &Ident) -> Divided {
    let field = aggregate.fields.get(by);
    let entities = aggregate.entities.values();
    let inner = entities.flat_map(|entity| entity.fields.values());
    let mut fields = aggregate.fields.values().chain(inner);
    Divided {
        by: SqlName::new(by.to_string()),
        ty: field.map_or_else(
            || Dialect::Postgres.text(),
            |field| Dialect::Postgres.column(field),
        ),
        partitions: PARTITIONS,
        last: PARTITIONS - 1,
        citus: !fields.any(|field| referred(field).is_some()),
    }
}

fn entity(dialect: Dialect, aggregate: &Aggregate, entity: &Entity) -> EntityTable {
    EntityTable {
        doc: Doc::plain(entity.doc.as_deref()),
        name: SqlName::new(entity_table(aggregate, entity.name.as_str())),
        columns: columns(dialect, entity.fields.values()),
    }
}

fn columns<'a>(dialect: Dialect, fields: impl Iterator<Item = &'a Field>) -> Vec<Column> {
    let columns = fields.map(|field| Column {
        name: SqlName::new(field.name.to_string()),
        ty: dialect.column(field),
        required: !field.optional,
        references: referred(field).map(SqlName::new),
    });
    columns.collect()
}

/// The table that a field refers to, by a foreign key.
fn referred(field: &Field) -> Option<String> {
    match &field.ty {
        Type::Reference(Reference::Local(to)) if !field.list => Some(table(to.as_str())),
        _ => None,
    }
}

/// Copies may lack everything: their source may have come to know it later.
fn replica(dialect: Dialect, system: &System, replica: &Replica) -> ReplicaTable {
    let source = system.contexts.get(&replica.context);
    let source = source.and_then(|context| context.aggregates.get(&replica.aggregate));
    let columns = replica.fields.iter().map(|copied| {
        let field = source.and_then(|source| source.fields.get(&copied.name));
        Column {
            name: SqlName::new(copied.name.to_string()),
            ty: field.map_or_else(|| dialect.text(), |field| dialect.column(field)),
            required: false,
            references: None,
        }
    });
    ReplicaTable {
        of: format!("{}.{}", replica.context, replica.aggregate),
        name: SqlName::new(replica_table(replica.name.as_str())),
        columns: columns.collect(),
    }
}
