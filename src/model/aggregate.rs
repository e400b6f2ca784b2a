//! Aggregates: what is stored, and changed as one.

use indexmap::IndexMap;

use super::{Field, Ident, StateName, TypeName, derived};

/// An aggregate root.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// Its name.
    pub name: TypeName,
    /// What the description says of it.
    pub doc: Option<String>,
    /// Why it should no longer be used.
    pub deprecated: Option<String>,
    /// What it was called before.
    pub renamed_from: Option<String>,
    /// The last part of its collection's path in HTTP, without a slash (`loans`), or the path the
    /// description gives, with a leading slash taken off.
    pub path: String,
    /// The user's fields, in order; not `id`, `version`, `created_at`, `updated_at`, nor `status`
    /// where it has states.
    pub fields: IndexMap<Ident, Field>,
    /// Its states; the first is initial. Empty when it has no `status`.
    pub states: Vec<State>,
    /// Its entities, by type name.
    pub entities: IndexMap<TypeName, Entity>,
    /// Unique constraints over several fields, besides `Field::unique`.
    pub unique: Vec<Vec<Ident>>,
    /// The field that equals the token's `sub`.
    pub subject: Option<Ident>,
    /// The field that decides the shard; `None` for `id`.
    pub shard_by: Option<Ident>,
    /// The roles that may read it over HTTP; empty: any caller.
    pub read: Vec<String>,
}

/// A state of an aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Its name.
    pub name: StateName,
}

/// An entity inside an aggregate: a table of its own with a real foreign key.
#[derive(Debug, Clone, PartialEq)]
pub struct Entity {
    /// Its type name.
    pub name: TypeName,
    /// What the description says of it.
    pub doc: Option<String>,
    /// The member that holds the list of them.
    pub collection: Ident,
    /// Its fields, in order; not `id`.
    pub fields: IndexMap<Ident, Field>,
}

impl Aggregate {
    /// The members that it has besides its own.
    pub fn built_in_members(&self) -> impl Iterator<Item = &str> + Clone {
        let status = (!self.states.is_empty()).then_some(derived::STATUS);
        derived::BUILT_IN_MEMBERS.into_iter().chain(status)
    }

    /// Whether a member is where its states say that it stands; without states, `status` is a field
    /// like any other.
    pub fn is_status(&self, member: &str) -> bool {
        member == derived::STATUS && !self.states.is_empty()
    }

    /// The entity whose list is the member `name`.
    pub fn collection(&self, name: &str) -> Option<&Entity> {
        self.entities
            .values()
            .find(|entity| entity.collection.as_str() == name)
    }
}
