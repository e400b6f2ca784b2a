//! The first migration of a service on Redis: the indexes of its searches, as the runtime's engine
//! names them.

use indexmap::IndexSet;

use crate::model::{Aggregate, Context, Query};

use super::service::table;

/// The statements that declare the indexes of a service, in the order of the description.
pub fn initial(context: &Context) -> String {
    let mut statements = Vec::new();
    for aggregate in context.aggregates.values() {
        let indexes = indexes(context, aggregate);
        if !indexes.is_empty() {
            let table = table(aggregate.name.as_str());
            let names = indexes.into_iter().collect::<Vec<_>>().join(" ");
            statements.push(format!(
                "redis.call('HSET', KEYS[1] .. 'indexes', '{table}:0', '{names}')"
            ));
        }
    }
    match statements.is_empty() {
        true => "return".to_owned(),
        false => statements.join("\n"),
    }
}

/// The indexes of an aggregate's rows: of queries and of fields that ask for one. Unique values and the
/// order of ids are kept by themselves.
fn indexes(context: &Context, aggregate: &Aggregate) -> IndexSet<String> {
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
