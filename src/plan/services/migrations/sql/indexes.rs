//! The indexes of a service's tables. Tables and indexes share one space of names.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::model::{Aggregate, Context, Entity, Field, Query, Reference, Type};
use crate::plan::rust::names;
use crate::plan::services::migrations::query_index::{IndexKey, index_keys};
use crate::plan::services::tables::{entity_table, replica_table, table, uniques};

use super::Dialect;
use crate::plan::view::SqlName;

/// An index.
#[derive(Debug, Serialize)]
pub(super) struct Index {
    /// Whether no two rows may be alike in it.
    unique: bool,
    name: SqlName,
    /// The table that it is over.
    table: SqlName,
    columns: Vec<IndexColumn>,
}

/// A column of an index.
#[derive(Debug, Serialize)]
struct IndexColumn {
    name: SqlName,
    /// How it is ordered; empty where it is as usual.
    order: &'static str,
}

impl Index {
    /// Its name.
    pub(super) fn name(&self) -> String {
        self.name.to_string()
    }

    /// Whether no two rows may be alike in it.
    pub(super) const fn is_unique(&self) -> bool {
        self.unique
    }
}

impl IndexColumn {
    fn plain(name: impl Into<String>) -> Self {
        Self {
            name: SqlName::new(name),
            order: "",
        }
    }
}

/// Makes indexes, each under a name of its own.
pub(super) struct Indexes<'a> {
    dialect: Dialect,
    context: &'a Context,
    taken: BTreeSet<String>,
}

/// What an index is over.
struct Over<'a> {
    aggregate: &'a Aggregate,
    table: String,
    /// Those that there are: an index that begins with another's columns serves for it.
    covered: Vec<Vec<String>>,
}

impl<'a> Indexes<'a> {
    /// For the tables of a context.
    pub(super) fn new(dialect: Dialect, context: &'a Context) -> Self {
        let aggregates = context.aggregates.values().flat_map(|aggregate| {
            let entities = aggregate.entities.values();
            let entities = entities.map(|it| entity_table(aggregate, it.name.as_str()));
            entities.chain([table(aggregate.name.as_str())])
        });
        let replicas = context.replicas.values();
        let replicas = replicas.map(|replica| replica_table(replica.name.as_str()));
        Self {
            dialect,
            context,
            taken: aggregates.chain(replicas).collect(),
        }
    }

    /// The indexes of an aggregate's tables.
    pub(super) fn of(&mut self, aggregate: &Aggregate) -> Vec<Index> {
        let mut over = Over {
            aggregate,
            table: table(aggregate.name.as_str()),
            covered: Vec::new(),
        };
        let entities = aggregate.entities.values();
        let mut indexes: Vec<Index> = entities
            .map(|entity| self.of_parent(aggregate, entity))
            .collect();
        indexes.extend(self.of_keys(&mut over));
        indexes.extend(self.of_fields(&mut over));
        let queries = self.context.queries.values();
        for query in queries.filter(|query| query.aggregate == aggregate.name) {
            indexes.extend(self.of_query(&mut over, query));
        }
        indexes
    }

    /// It serves reading, and the foreign key.
    fn of_parent(&mut self, aggregate: &Aggregate, entity: &Entity) -> Index {
        let table = entity_table(aggregate, entity.name.as_str());
        let columns = ["_parent", "_position"].map(IndexColumn::plain);
        self.make(false, &format!("{table}_parent"), &table, columns.into())
    }

    fn of_keys(&mut self, over: &mut Over<'_>) -> Vec<Index> {
        let mut indexes = Vec::new();
        for (unique, members) in uniques(over.aggregate) {
            let name = format!("{}_{unique}_key", over.table);
            let columns = members.iter().map(IndexColumn::plain).collect();
            indexes.push(self.make(true, &name, &over.table, columns));
            over.covered.push(members);
        }
        indexes
    }

    fn of_fields(&mut self, over: &mut Over<'_>) -> Vec<Index> {
        let fields = over.aggregate.fields.values();
        let indexed = fields.filter(|field| !field.unique && (field.index || is_local(field)));
        let mut indexes = Vec::new();
        for field in indexed {
            let name = format!("{}_{}_idx", over.table, field.name);
            let columns = vec![IndexColumn::plain(field.name.as_str())];
            indexes.push(self.make(false, &name, &over.table, columns));
            over.covered.push(vec![field.name.to_string()]);
        }
        indexes
    }

    fn of_query(&mut self, over: &mut Over<'_>, query: &Query) -> Option<Index> {
        let keys = index_keys(query);
        let members: Vec<String> = keys.iter().map(|key| key.member.clone()).collect();
        if members == ["id"] || over.covered.iter().any(|it| it.starts_with(&members)) {
            return None;
        }
        let name = format!("{}_{}_idx", over.table, names::snake(query.name.as_str()));
        let columns = keys.iter().map(|IndexKey { member, descends }| {
            let order = descends.map_or("", |descends| {
                let optional = is_optional(over.aggregate, member);
                self.dialect.order(optional, descends)
            });
            IndexColumn {
                name: SqlName::new(member),
                order,
            }
        });
        let columns = columns.collect();
        over.covered.push(members);
        Some(self.make(false, &name, &over.table, columns))
    }

    fn make(&mut self, unique: bool, name: &str, table: &str, columns: Vec<IndexColumn>) -> Index {
        Index {
            unique,
            name: self.name(name, &columns),
            table: SqlName::new(table),
            columns,
        }
    }

    /// The name as wanted, where nothing has it; else with a hash of what the index is over.
    fn name(&mut self, wanted: &str, columns: &[IndexColumn]) -> SqlName {
        let mut name = names::fitted(wanted, names::LONGEST_IDENTIFIER);
        if self.taken.contains(&name) {
            // Names that are in databases hold the hash of the columns as they stand there.
            let columns = columns.iter().map(|IndexColumn { name, order }| {
                let column = format!("\"{name}\" {order}");
                column.trim_end().to_owned()
            });
            let columns: Vec<String> = columns.collect();
            let hash = names::short_hash(&columns.join(", "));
            name = names::fitted(&format!("{wanted}_{hash}"), names::LONGEST_IDENTIFIER);
        }
        self.taken.insert(name.clone());
        SqlName::new(name)
    }
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
