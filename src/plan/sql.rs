//! The tables of a service in SQL: the first migration on SQLite and PostgreSQL.

mod dialect;

use crate::model::{Aggregate, Context, Entity, Field, Reference, Replica, System, Type};

use super::indexes::{IndexKey, index_keys};
use super::names;
use super::service::{entity_table, replica_table, table, uniques};

pub use dialect::Dialect;

/// The statements that make the tables of a service, in an order that references allow.
pub fn initial(dialect: Dialect, system: &System, context: &Context) -> String {
    let mut statements = Vec::new();
    for aggregate in context.aggregates.values() {
        statements.push(aggregate_table(dialect, aggregate));
        for entity in aggregate.entities.values() {
            statements.push(collection_table(dialect, aggregate, entity));
        }
        statements.extend(indexes(dialect, context, aggregate));
    }
    for replica in context.replicas.values() {
        statements.push(replica_statement(dialect, system, replica));
    }
    statements.join("\n\n") + "\n"
}

fn aggregate_table(dialect: Dialect, aggregate: &Aggregate) -> String {
    let mut columns = vec![format!("\"id\" {} PRIMARY KEY", dialect.id())];
    columns.extend(kept(dialect));
    if !aggregate.states.is_empty() {
        columns.push(format!("\"status\" {} NOT NULL", dialect.text()));
    }
    columns.extend(aggregate.fields.values().map(|it| column(dialect, it)));
    let doc = comment(aggregate.doc.as_deref());
    create(
        &doc,
        &table(aggregate.name.as_str()),
        &columns,
        dialect.table(),
    )
}

/// The columns of every root besides its id.
fn kept(dialect: Dialect) -> [String; 3] {
    [
        format!("\"version\" {} NOT NULL", dialect.integer()),
        format!("\"created_at\" {} NOT NULL", dialect.timestamp()),
        format!("\"updated_at\" {} NOT NULL", dialect.timestamp()),
    ]
}

fn collection_table(dialect: Dialect, aggregate: &Aggregate, entity: &Entity) -> String {
    let parent = quoted(&table(aggregate.name.as_str()));
    let name = entity_table(aggregate, entity.name.as_str());
    let mut columns = vec![
        format!("\"id\" {} PRIMARY KEY", dialect.id()),
        format!(
            "\"parent\" {} NOT NULL REFERENCES {parent} (\"id\") ON DELETE CASCADE",
            dialect.id()
        ),
        format!("\"position\" {} NOT NULL", dialect.integer()),
    ];
    columns.extend(entity.fields.values().map(|it| column(dialect, it)));
    let doc = comment(entity.doc.as_deref());
    let index = format!(
        "CREATE INDEX {} ON {} (\"parent\", \"position\");",
        quoted(&format!("{name}_parent")),
        quoted(&name)
    );
    format!(
        "{}\n{index}",
        create(&doc, &name, &columns, dialect.table())
    )
}

fn replica_statement(dialect: Dialect, system: &System, replica: &Replica) -> String {
    let source = system.contexts.get(&replica.context);
    let source = source.and_then(|context| context.aggregates.get(&replica.aggregate));
    let mut columns = vec![
        format!("\"generation\" {} NOT NULL", dialect.integer()),
        format!("\"id\" {} NOT NULL", dialect.id()),
    ];
    columns.extend(kept(dialect));
    columns.extend(replica.fields.iter().map(|copied| {
        let field = source.and_then(|source| source.fields.get(&copied.name));
        let ty = field.map_or_else(|| dialect.text().into(), |field| dialect.column(field));
        format!("{} {ty}", quoted(copied.name.as_str()))
    }));
    columns.push("PRIMARY KEY (\"generation\", \"id\")".to_owned());
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

fn indexes(dialect: Dialect, context: &Context, aggregate: &Aggregate) -> Vec<String> {
    let name = table(aggregate.name.as_str());
    let mut statements = Vec::new();
    let mut covered: Vec<Vec<String>> = Vec::new();
    for (unique, members) in uniques(aggregate) {
        statements.push(index(
            "UNIQUE INDEX",
            &format!("{name}_{unique}_key"),
            &name,
            &members,
        ));
        covered.push(members);
    }
    let fields = aggregate.fields.values();
    for field in fields.filter(|field| !field.unique && (field.index || is_local(field))) {
        let members = vec![field.name.to_string()];
        let index_name = format!("{name}_{}_idx", field.name);
        statements.push(index("INDEX", &index_name, &name, &members));
        covered.push(members);
    }
    let queries = context.queries.values();
    for query in queries.filter(|query| query.aggregate == aggregate.name) {
        let keys = index_keys(query);
        let members: Vec<String> = keys.iter().map(|key| key.member.clone()).collect();
        if members == ["id"] || covered.iter().any(|known| known.starts_with(&members)) {
            continue;
        }
        let index_name = format!("{name}_{}_idx", names::snake(query.name.as_str()));
        let columns = keys.iter().map(|IndexKey { member, descends }| {
            let order = descends.map_or("", |descends| {
                dialect.order(is_optional(aggregate, member), descends)
            });
            format!("{}{order}", quoted(member))
        });
        let columns: Vec<String> = columns.collect();
        statements.push(index_on("INDEX", &index_name, &name, &columns));
        covered.push(members);
    }
    statements
}

fn is_optional(aggregate: &Aggregate, member: &str) -> bool {
    let field = aggregate
        .fields
        .values()
        .find(|it| it.name.as_str() == member);
    field.is_some_and(|field| field.optional)
}

fn is_local(field: &Field) -> bool {
    matches!(field.ty, Type::Reference(Reference::Local(_))) && !field.list
}

fn create(doc: &str, name: &str, columns: &[String], options: &str) -> String {
    format!(
        "{doc}CREATE TABLE {} (\n    {}\n){options};",
        quoted(name),
        columns.join(",\n    ")
    )
}

fn index(kind: &str, name: &str, table: &str, members: &[String]) -> String {
    let columns: Vec<String> = members.iter().map(|member| quoted(member)).collect();
    index_on(kind, name, table, &columns)
}

fn index_on(kind: &str, name: &str, table: &str, columns: &[String]) -> String {
    format!(
        "CREATE {kind} {} ON {} ({});",
        quoted(name),
        quoted(table),
        columns.join(", ")
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
