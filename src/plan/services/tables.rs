//! What tables of a service are called, and what is unique in them.

use crate::model::Aggregate;
use crate::plan::rust::names;

/// The table of an aggregate.
pub fn table(aggregate: &str) -> String {
    relation(&names::snake(aggregate))
}

/// The table of an entity: `loan__installment`.
pub fn entity_table(aggregate: &Aggregate, entity: &str) -> String {
    let aggregate = names::snake(aggregate.name.as_str());
    relation(&format!("{aggregate}__{}", names::snake(entity)))
}

/// The table of a replica: `replica__borrower`.
pub fn replica_table(replica: &str) -> String {
    relation(&format!("replica__{}", names::snake(replica)))
}

/// The name of a table, with room for what tells its partitions apart.
fn relation(name: &str) -> String {
    names::fitted(name, names::LONGEST_IDENTIFIER - "_99".len())
}

/// The unique constraints of an aggregate: the name of each, and its members.
pub fn uniques(aggregate: &Aggregate) -> Vec<(String, Vec<String>)> {
    let fields = aggregate.fields.values().filter(|field| field.unique);
    let single = fields.map(|field| (field.name.to_string(), vec![field.name.to_string()]));
    let several = aggregate.unique.iter().map(|members| {
        let members: Vec<String> = members.iter().map(ToString::to_string).collect();
        (members.join("_"), members)
    });
    single.chain(several).collect()
}
