//! How aggregates are stored: constants that the engine reads, and what the runtime does with aggregates.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::model::{Aggregate, Entity, Field, Ident, Reference, Type, derived};
use crate::plan::rust::{Place, names};
use crate::plan::view::{Column, Literal, Moved, Name, TypeRef, constant};

use crate::plan::services::tables::{entity_table, table, uniques};
use crate::plan::services::{Service, copies, stored};

/// `services/__context__/src/generated/storage/__aggregate__.rs`.
#[derive(Debug, Serialize)]
pub(super) struct StorageFile<'a> {
    /// The aggregate's name in the description.
    aggregate: &'a str,
    /// The constant that describes it to the engine: `LOAN`.
    constant: Name,
    /// Its name in paths and topics: `loan`.
    name: Literal,
    /// Its table.
    table: Literal,
    /// Its status and fields.
    columns: Vec<Column>,
    /// Its lists of entities.
    collections: Vec<CollectionView>,
    /// What no two aggregates have in common.
    unique: Vec<UniqueView>,
    /// The columns of this service that name its rows.
    referrers: Vec<ReferrerView>,
    /// The member by which rows are divided, if they are.
    shard_by: Option<Literal>,
    /// The type of its state: `crate::generated::Loan`.
    state: TypeRef,
    /// The type of what callers are shown.
    view: TypeRef,
    /// The type of its id.
    id: TypeRef,
    /// The status it is created with; `None` for one without states.
    initial: Option<Literal>,
    /// The members that some event carries.
    published: Vec<Literal>,
    /// The members that callers are shown.
    shown: Vec<Moved>,
}

/// A list of entities.
#[derive(Debug, Serialize)]
struct CollectionView {
    /// The member of the aggregate.
    member: Literal,
    /// The table of the entities.
    table: Literal,
    /// Their fields.
    columns: Vec<Column>,
}

/// A unique constraint.
#[derive(Debug, Serialize)]
struct UniqueView {
    /// Its name.
    name: Literal,
    /// The members that are unique together.
    members: Vec<Literal>,
}

/// A column that names rows of another table.
#[derive(Debug, Serialize)]
struct ReferrerView {
    /// Its table.
    table: Literal,
    /// Its name.
    column: Literal,
}

impl<'a> Service<'a> {
    /// The storage of an aggregate.
    pub(super) fn storage(&self, aggregate: &'a Aggregate) -> StorageFile<'a> {
        let name = aggregate.name.as_str();
        let status = derived::status(name);
        let initial = aggregate.states.first();
        let status =
            initial.map(|_| Column::new(derived::STATUS, constant("contract", &status), false));
        let collections = aggregate.entities.values().map(|entity| CollectionView {
            member: Literal::text(entity.collection.as_str()),
            table: Literal::text(&entity_table(aggregate, entity.name.as_str())),
            columns: entity_columns(entity).collect(),
        });
        let unique = uniques(aggregate).into_iter();
        let unique = unique.map(|(name, members)| UniqueView {
            name: Literal::text(&name),
            members: Literal::texts(members),
        });
        StorageFile {
            aggregate: name,
            constant: Name::of_constant(name),
            name: Literal::text(&names::snake(name)),
            table: Literal::text(&table(name)),
            columns: status
                .into_iter()
                .chain(columns(aggregate.fields.values()))
                .collect(),
            collections: collections.collect(),
            unique: unique.collect(),
            referrers: self.referrers(aggregate),
            shard_by: aggregate
                .shard_by
                .as_ref()
                .map(|member| Literal::text(member.as_str())),
            state: TypeRef::generated(name),
            view: self.own(&derived::view(name)),
            id: self.own(&derived::id(name)),
            initial: initial.map(|state| Literal::text(state.name.as_str())),
            published: self.published(aggregate),
            shown: shown(aggregate),
        }
    }

    /// The columns of this service that name rows of the aggregate's table.
    fn referrers(&self, aggregate: &Aggregate) -> Vec<ReferrerView> {
        let target = Type::Reference(Reference::Local(aggregate.name.clone()));
        let mut referrers = Vec::new();
        for other in self.context.aggregates.values() {
            let own = other
                .fields
                .values()
                .map(|f| (table(other.name.as_str()), f));
            let inner = other.entities.values().flat_map(|entity| {
                let table = entity_table(other, entity.name.as_str());
                entity.fields.values().map(move |f| (table.clone(), f))
            });
            let naming = own.chain(inner).filter(|(_, f)| f.ty == target);
            referrers.extend(naming.map(|(table, field)| ReferrerView {
                table: Literal::text(&table),
                column: Literal::text(field.name.as_str()),
            }));
        }
        referrers
    }

    /// The members some event of the aggregate carries, in the aggregate's order.
    fn published(&self, aggregate: &Aggregate) -> Vec<Literal> {
        let events = self.events_of(aggregate);
        let carried = events.flat_map(|event| stored(event, aggregate));
        let carried: BTreeSet<&Ident> = carried.map(|(name, _)| name).collect();
        let members = aggregate.members().map(|(name, _)| name);
        members
            .filter(|name| carried.contains(name))
            .map(|name| Literal::text(name))
            .collect()
    }
}

/// Fields as columns, which refer to tables of their own context.
fn columns<'b>(fields: impl Iterator<Item = &'b Field>) -> impl Iterator<Item = Column> {
    fields.map(|field| Column {
        references: match &field.ty {
            Type::Reference(Reference::Local(to)) => Some(Literal::text(&table(to.as_str()))),
            _ => None,
        },
        ..Column::of(field, field.optional, Place::Service)
    })
}

/// The columns of an entity, with what stands for a member that it had not yet when it was stored.
fn entity_columns(entity: &Entity) -> impl Iterator<Item = Column> {
    let fields = entity.fields.values();
    let columns = columns(fields.clone()).zip(fields);
    columns.map(|(column, field)| column.defaulted(field))
}

/// The members of an aggregate that callers are shown.
fn shown(aggregate: &Aggregate) -> Vec<Moved> {
    let members = aggregate.members().filter(|(_, it)| !it.is_hidden());
    members
        .map(|(name, it)| Moved::new(name, !copies(it)))
        .collect()
}
