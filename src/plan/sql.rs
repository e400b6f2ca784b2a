//! The tables of a service in SQL: the first migration on SQLite and PostgreSQL.

mod dialect;
mod indexes;
mod sharded;

use crate::model::{Aggregate, Context, Entity, Field, Reference, Replica, System, Type};

use super::service::{entity_table, replica_table, table};
use indexes::Indexes;

pub use dialect::Dialect;

/// The statements that make the tables of a service, in an order that references allow.
pub fn initial(dialect: Dialect, system: &System, context: &Context) -> String {
    let mut statements = Vec::new();
    let mut indexes = Indexes::new(dialect, context);
    for aggregate in context.aggregates.values() {
        match (&aggregate.shard_by, dialect) {
            (Some(shard), Dialect::Postgres) => {
                statements.push(sharded::tables(aggregate, shard));
            }
            _ => statements.extend(tables(dialect, aggregate)),
        }
        statements.extend(indexes.of(aggregate));
    }
    for replica in context.replicas.values() {
        statements.push(replica_statement(dialect, system, replica));
    }
    statements.join("\n\n") + "\n"
}

/// The tables of an aggregate and its entities.
fn tables(dialect: Dialect, aggregate: &Aggregate) -> Vec<String> {
    let mut statements = vec![aggregate_table(dialect, aggregate)];
    let entities = aggregate.entities.values();
    statements.extend(entities.map(|it| collection_table(dialect, aggregate, it)));
    statements
}

fn aggregate_table(dialect: Dialect, aggregate: &Aggregate) -> String {
    let mut columns = vec![format!("\"id\" {} PRIMARY KEY", dialect.id())];
    columns.extend(members(dialect, aggregate));
    let doc = comment(aggregate.doc.as_deref());
    create(
        &doc,
        &table(aggregate.name.as_str()),
        &columns,
        dialect.table(),
    )
}

/// The columns of a root besides its id.
fn members(dialect: Dialect, aggregate: &Aggregate) -> Vec<String> {
    let mut columns = Vec::from(kept(dialect));
    if !aggregate.states.is_empty() {
        columns.push(format!("\"status\" {} NOT NULL", dialect.text()));
    }
    columns.extend(aggregate.fields.values().map(|it| column(dialect, it)));
    columns
}

/// The columns of every root besides its id.
fn kept(dialect: Dialect) -> [String; 3] {
    [
        format!("\"version\" {} NOT NULL", dialect.integer()),
        format!("\"created_at\" {} NOT NULL", dialect.timestamp()),
        format!("\"updated_at\" {} NOT NULL", dialect.timestamp()),
    ]
}

/// An entity is told from others by its id within its aggregate: ids of entities come from callers.
fn collection_table(dialect: Dialect, aggregate: &Aggregate, entity: &Entity) -> String {
    let parent = quoted(&table(aggregate.name.as_str()));
    let name = entity_table(aggregate, entity.name.as_str());
    let mut columns = vec![
        format!("\"id\" {} NOT NULL", dialect.id()),
        format!(
            "\"_parent\" {} NOT NULL REFERENCES {parent} (\"id\") ON DELETE CASCADE",
            dialect.id()
        ),
        format!("\"_position\" {} NOT NULL", dialect.integer()),
    ];
    columns.extend(entity.fields.values().map(|it| column(dialect, it)));
    columns.push("PRIMARY KEY (\"_parent\", \"id\")".to_owned());
    let doc = comment(entity.doc.as_deref());
    create(&doc, &name, &columns, dialect.table())
}

fn replica_statement(dialect: Dialect, system: &System, replica: &Replica) -> String {
    let source = system.contexts.get(&replica.context);
    let source = source.and_then(|context| context.aggregates.get(&replica.aggregate));
    let mut columns = vec![
        format!("\"_generation\" {} NOT NULL", dialect.integer()),
        format!("\"id\" {} NOT NULL", dialect.id()),
    ];
    columns.extend(kept(dialect));
    columns.extend(replica.fields.iter().map(|copied| {
        let field = source.and_then(|source| source.fields.get(&copied.name));
        let ty = field.map_or_else(|| dialect.text().into(), |field| dialect.column(field));
        format!("{} {ty}", quoted(copied.name.as_str()))
    }));
    columns.push("PRIMARY KEY (\"_generation\", \"id\")".to_owned());
    let doc = format!(
        "-- Copies of `{}.{}`.\n",
        replica.context, replica.aggregate
    );
    let name = replica_table(replica.name.as_str());
    create(&doc, &name, &columns, dialect.keyed_table())
}

fn column(dialect: Dialect, field: &Field) -> String {
    let null = if field.optional { "" } else { " NOT NULL" };
    let references = match &field.ty {
        Type::Reference(Reference::Local(to)) if !field.list => {
            format!(" REFERENCES {} (\"id\")", quoted(&table(to.as_str())))
        }
        _ => String::new(),
    };
    let (name, ty) = (quoted(field.name.as_str()), dialect.column(field));
    format!("{name} {ty}{null}{references}")
}

fn create(doc: &str, name: &str, columns: &[String], options: &str) -> String {
    format!(
        "{doc}CREATE TABLE {} (\n    {}\n){options};",
        quoted(name),
        columns.join(",\n    ")
    )
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

fn comment(doc: Option<&str>) -> String {
    let lines = doc.unwrap_or_default().lines();
    lines
        .map(|line| format!("-- {}\n", line.trim_end()))
        .collect()
}
