//! The indexes that queries need, whatever the database.

use crate::model::Query;

/// A member of an index.
#[derive(Debug)]
pub struct IndexKey {
    /// Its name.
    pub member: String,
    /// Whether it descends; nothing where its order does not count.
    pub descends: Option<bool>,
}

/// What a query's index is over: what it is asked by, then its range, then its order.
pub fn index_keys(query: &Query) -> Vec<IndexKey> {
    let mut keys: Vec<IndexKey> = Vec::new();
    let by = query.by.iter().map(|parameter| &parameter.member);
    let order = query.order_by.iter().map(|(member, _)| member);
    for member in by.chain(query.range.as_ref()).chain(order) {
        if keys.iter().any(|known| known.member == member.as_str()) {
            continue;
        }
        let ordered = query.order_by.iter().find(|(it, _)| it == member);
        keys.push(IndexKey {
            member: member.to_string(),
            descends: ordered.map(|(_, descends)| *descends),
        });
    }
    keys
}
