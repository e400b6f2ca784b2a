//! The first migration of a service on Redis: the indexes of its searches, as the runtime's engine
//! names them.

use indexmap::IndexSet;
use serde::Serialize;

use crate::model::{Aggregate, Context, Query};

use crate::plan::services::tables::table;

/// `services/__context__/migrations/0001_initial.lua`.
#[derive(Debug, Serialize)]
pub struct IndexesFile<'a> {
    /// The name of the context.
    context: &'a str,
    /// The tables that are searched, in the order of the description.
    tables: Vec<TableView>,
}

/// A table that is searched.
#[derive(Debug, Serialize)]
struct TableView {
    name: String,
    /// Its indexes, as the engine names them: `owner,-created_at`.
    indexes: Vec<String>,
}

/// The indexes of a service.
pub fn indexes(context: &Context) -> IndexesFile<'_> {
    let aggregates = context.aggregates.values();
    let tables = aggregates.map(|aggregate| TableView {
        name: table(aggregate.name.as_str()),
        indexes: of_aggregate(context, aggregate).into_iter().collect(),
    });
    IndexesFile {
        context: context.name.as_str(),
        tables: tables.filter(|table| !table.indexes.is_empty()).collect(),
    }
}

/// The indexes of an aggregate's rows: of queries and of fields that ask for one. Unique values and the
/// order of ids are kept by themselves.
fn of_aggregate(context: &Context, aggregate: &Aggregate) -> IndexSet<String> {
    let fields = aggregate.fields.values();
    let fields = fields.filter(|field| field.index && !field.unique);
    let mut indexes: IndexSet<String> = fields.map(|field| field.name.to_string()).collect();
    let queries = context.queries.values();
    let queries = queries.filter(|query| query.aggregate == aggregate.name && !query.unique);
    indexes.extend(queries.filter_map(of_query));
    indexes
}

/// The index of a query: what it is asked by, then its order. A range comes between, unless it is of
/// what the order begins with; then the order follows what lies in the range.
fn of_query(query: &Query) -> Option<String> {
    let by: Vec<&str> = query.by.iter().map(|by| by.member.as_str()).collect();
    let order = query.order_by.iter();
    let order = order.map(|(member, descending)| (member.as_str(), *descending));
    let order = order.filter(|(member, _)| !by.contains(member));
    let mut members: Vec<(&str, bool)> = by.iter().map(|member| (*member, false)).collect();
    match query.range.as_ref().map(|range| range.as_str()) {
        Some(range) if order.clone().next().is_none_or(|(first, _)| first != range) => {
            members.push((range, false));
        }
        // Ids, which every index ends with, are told apart by nothing that would follow.
        _ => members.extend(up_to_id(order)),
    }
    let names = members.into_iter().map(|(member, descending)| {
        let direction = if descending { "-" } else { "" };
        format!("{direction}{member}")
    });
    let names: Vec<String> = names.collect();
    (!names.is_empty()).then(|| names.join(","))
}

fn up_to_id<'a>(
    order: impl Iterator<Item = (&'a str, bool)>,
) -> impl Iterator<Item = (&'a str, bool)> {
    let mut is_over = false;
    order.take_while(move |(member, descending)| {
        let take = !is_over && (*member != "id" || *descending);
        is_over |= *member == "id";
        take
    })
}
