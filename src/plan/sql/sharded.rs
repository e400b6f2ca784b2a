//! The tables of an aggregate that is divided by one of its members, on PostgreSQL: hash partitions,
//! or the shards of Citus, where that is installed.
//!
//! The primary key has to have the shard key in it; that an id is used once is the runtime's doing.

use crate::model::{Aggregate, Entity, Field, Ident, Reference, Type};
use crate::plan::service::{entity_table, table};

use super::{Dialect, column, comment, create, members, quoted};

/// Into how many partitions a table is divided; fixed once it is made.
const PARTITIONS: u32 = 16;

/// The column of an entity's table that holds the shard key of its aggregate.
const SHARD: &str = "_shard";

const DIALECT: Dialect = Dialect::Postgres;

/// A table, and the column that it is divided by.
struct Divided {
    name: String,
    by: String,
    statement: String,
}

/// The statement that makes the tables of an aggregate and its entities.
pub(super) fn tables(aggregate: &Aggregate, shard: &Ident) -> String {
    let mut tables = vec![root(aggregate, shard)];
    let field = aggregate.fields.get(shard);
    let entities = aggregate.entities.values();
    tables.extend(entities.map(|it| collection(aggregate, it, shard, field)));
    let doc = comment(aggregate.doc.as_deref());
    match stands_alone(aggregate) {
        true => doc + &either(&tables, shard),
        false => doc + &in_partitions(&tables, shard),
    }
}

fn root(aggregate: &Aggregate, shard: &Ident) -> Divided {
    let name = table(aggregate.name.as_str());
    let mut columns = vec![format!("\"id\" {} NOT NULL", DIALECT.id())];
    columns.extend(members(DIALECT, aggregate));
    columns.push(format!("PRIMARY KEY (\"id\", {})", quoted(shard.as_str())));
    Divided {
        statement: statement(&name, &columns),
        by: shard.to_string(),
        name,
    }
}

fn collection(
    aggregate: &Aggregate,
    entity: &Entity,
    shard: &Ident,
    field: Option<&Field>,
) -> Divided {
    let name = entity_table(aggregate, entity.name.as_str());
    let id = DIALECT.id();
    let key = field.map_or_else(|| DIALECT.text().into(), |field| DIALECT.column(field));
    let mut columns = vec![
        format!("\"id\" {id} NOT NULL"),
        format!("\"_parent\" {id} NOT NULL"),
        format!("\"{SHARD}\" {key} NOT NULL"),
        format!("\"_position\" {} NOT NULL", DIALECT.integer()),
    ];
    columns.extend(entity.fields.values().map(|it| column(DIALECT, it)));
    columns.push(format!("PRIMARY KEY (\"_parent\", \"id\", \"{SHARD}\")"));
    columns.push(format!(
        "FOREIGN KEY (\"_parent\", \"{SHARD}\") REFERENCES {} (\"id\", {}) ON DELETE CASCADE",
        quoted(&table(aggregate.name.as_str())),
        quoted(shard.as_str()),
    ));
    Divided {
        statement: statement(&name, &columns),
        by: SHARD.to_owned(),
        name,
    }
}

/// Without its end: what follows says how it is divided.
fn statement(name: &str, columns: &[String]) -> String {
    let statement = create("", name, columns, DIALECT.table());
    statement.trim_end_matches(';').to_owned()
}

/// Whether nothing in it names another table by a foreign key, which Citus does not have between
/// a divided table and others.
fn stands_alone(aggregate: &Aggregate) -> bool {
    let entities = aggregate.entities.values();
    let inner = entities.flat_map(|entity| entity.fields.values());
    let mut fields = aggregate.fields.values().chain(inner);
    !fields.any(|field| matches!(field.ty, Type::Reference(Reference::Local(_))) && !field.list)
}

fn in_partitions(tables: &[Divided], shard: &Ident) -> String {
    let made: Vec<String> = tables
        .iter()
        .map(|table| {
            let by = quoted(&table.by);
            format!("{} PARTITION BY HASH ({by});", table.statement)
        })
        .collect();
    format!(
        "-- {PARTITIONS} partitions by {}.\n{}\nDO $do$\nBEGIN\n{}END\n$do$;",
        quoted(shard.as_str()),
        made.join("\n"),
        partitions(tables, 4),
    )
}

fn either(tables: &[Divided], shard: &Ident) -> String {
    let made: String = tables
        .iter()
        .map(|table| {
            format!(
                "    EXECUTE $sql$\n{}\n$sql$ || CASE WHEN citus THEN '' ELSE 'PARTITION BY HASH ({})' END;\n",
                table.statement,
                quoted(&table.by)
            )
        })
        .collect();
    let first = tables.first().map_or("", |table| &table.name);
    let distributed: String = tables
        .iter()
        .map(|table| {
            let with = match table.name == first {
                true => String::new(),
                false => format!(", colocate_with => '{}'", quoted(first)),
            };
            format!(
                "        PERFORM create_distributed_table('{}', '{}'{with});\n",
                quoted(&table.name),
                table.by
            )
        })
        .collect();
    format!(
        "-- {PARTITIONS} partitions by {}; the shards of Citus, where that is installed.\n\
         DO $do$\nDECLARE\n    \
         citus CONSTANT BOOLEAN := EXISTS (SELECT FROM pg_extension WHERE extname = 'citus');\n\
         BEGIN\n{made}    IF citus THEN\n{distributed}    ELSE\n{}    END IF;\nEND\n$do$;",
        quoted(shard.as_str()),
        partitions(tables, 8),
    )
}

/// The loop that makes the partitions of all tables.
fn partitions(tables: &[Divided], indent: usize) -> String {
    let pad = " ".repeat(indent);
    let made: String = tables
        .iter()
        .map(|table| {
            format!(
                "{pad}    EXECUTE format('CREATE TABLE %I PARTITION OF {} FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER %s)', '{}_' || number, number);\n",
                quoted(&table.name),
                table.name,
            )
        })
        .collect();
    format!(
        "{pad}FOR number IN 0..{} LOOP\n{made}{pad}END LOOP;\n",
        PARTITIONS - 1
    )
}
