//! The indexes of a service's tables. Tables and indexes share one space of names.

use std::collections::BTreeSet;

use crate::model::{Aggregate, Context, Entity, Field, Query, Reference, Type};
use crate::plan::indexes::{IndexKey, index_keys};
use crate::plan::names::{self, LONGEST_IDENTIFIER};
use crate::plan::service::{entity_table, replica_table, table, uniques};

use super::{Dialect, quoted};

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

    /// The statements that make the indexes of an aggregate's tables.
    pub(super) fn of(&mut self, aggregate: &Aggregate) -> Vec<String> {
        let mut over = Over {
            aggregate,
            table: table(aggregate.name.as_str()),
            covered: Vec::new(),
        };
        let entities = aggregate.entities.values();
        let mut statements: Vec<String> = entities
            .map(|entity| self.of_parent(aggregate, entity))
            .collect();
        statements.extend(self.of_keys(&mut over));
        statements.extend(self.of_fields(&mut over));
        let queries = self.context.queries.values();
        for query in queries.filter(|query| query.aggregate == aggregate.name) {
            statements.extend(self.of_query(&mut over, query));
        }
        statements
    }

    /// It serves reading, and the foreign key.
    fn of_parent(&mut self, aggregate: &Aggregate, entity: &Entity) -> String {
        let table = entity_table(aggregate, entity.name.as_str());
        let columns = ["_parent", "_position"].map(quoted);
        self.make("INDEX", &format!("{table}_parent"), &table, &columns)
    }

    fn of_keys(&mut self, over: &mut Over<'_>) -> Vec<String> {
        let mut statements = Vec::new();
        for (unique, members) in uniques(over.aggregate) {
            let name = format!("{}_{unique}_key", over.table);
            let columns: Vec<String> = members.iter().map(|member| quoted(member)).collect();
            statements.push(self.make("UNIQUE INDEX", &name, &over.table, &columns));
            over.covered.push(members);
        }
        statements
    }

    fn of_fields(&mut self, over: &mut Over<'_>) -> Vec<String> {
        let fields = over.aggregate.fields.values();
        let indexed = fields.filter(|field| !field.unique && (field.index || is_local(field)));
        let mut statements = Vec::new();
        for field in indexed {
            let name = format!("{}_{}_idx", over.table, field.name);
            let columns = [quoted(field.name.as_str())];
            statements.push(self.make("INDEX", &name, &over.table, &columns));
            over.covered.push(vec![field.name.to_string()]);
        }
        statements
    }

    fn of_query(&mut self, over: &mut Over<'_>, query: &Query) -> Option<String> {
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
            format!("{}{order}", quoted(member))
        });
        let columns: Vec<String> = columns.collect();
        over.covered.push(members);
        Some(self.make("INDEX", &name, &over.table, &columns))
    }

    fn make(&mut self, kind: &str, name: &str, table: &str, columns: &[String]) -> String {
        let columns = columns.join(", ");
        let name = self.name(name, &columns);
        format!(
            "CREATE {kind} {} ON {} ({columns});",
            quoted(&name),
            quoted(table)
        )
    }

    /// The name as wanted, where nothing has it; else with a hash of what the index is over.
    fn name(&mut self, wanted: &str, columns: &str) -> String {
        let mut name = names::fitted(wanted, LONGEST_IDENTIFIER);
        if self.taken.contains(&name) {
            let hash = names::short_hash(columns);
            name = names::fitted(&format!("{wanted}_{hash}"), LONGEST_IDENTIFIER);
        }
        self.taken.insert(name.clone());
        name
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
