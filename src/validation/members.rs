//! The members of an aggregate: what `input`, `sets`, `fields`, `by` and the like name.

use super::checker::Checker;
use super::constraints;
use super::fill::Slot;
use crate::description::raw::{RawAggregate, Text};
use crate::model::{Aggregate, ContextName, Entity, Field, Scalar, Type, derived};

/// A member of an aggregate.
#[derive(Debug, Clone, Copy)]
pub(super) enum Member<'a> {
    /// A field of the user's.
    Field(&'a Field),
    /// The list of an entity.
    Collection(&'a Entity),
    /// Its id.
    Id,
    /// Its version.
    Version,
    /// `created_at` or `updated_at`.
    Instant,
    /// Its status.
    Status,
}

/// The member of this name, when there is one.
pub(super) fn find<'a>(aggregate: &'a Aggregate, name: &str) -> Option<Member<'a>> {
    if let Some(field) = aggregate.fields.get(name) {
        return Some(Member::Field(field));
    }
    if let Some(entity) = aggregate.collection(name) {
        return Some(Member::Collection(entity));
    }
    match name {
        "id" => Some(Member::Id),
        "version" => Some(Member::Version),
        "created_at" | "updated_at" => Some(Member::Instant),
        name if aggregate.is_status(name) => Some(Member::Status),
        _ => None,
    }
}

/// Whether the description has a field or collection of this name, valid or not.
pub(super) fn is_written(raw: &RawAggregate, name: &str) -> bool {
    raw.fields.declares(name)
        || !raw.entities.broken.is_empty()
        || raw
            .entities
            .iter()
            .any(|(entity, keyed)| match &keyed.value.collection {
                Some(collection) => collection.value == name,
                None => collection_name(entity) == name,
            })
}

/// The member that lists an entity when the description does not name it.
pub(super) fn collection_name(entity: &str) -> String {
    derived::plural_path(entity).replace('-', "_")
}

/// The member of this name; that there is none is reported.
pub(super) fn resolve<'a>(
    cx: &Checker<'_>,
    aggregate: &'a Aggregate,
    raw: &RawAggregate,
    name: &Text,
) -> Option<Member<'a>> {
    let found = find(aggregate, &name.value);
    if found.is_none() && !is_written(raw, &name.value) {
        let what = format!("member of `{}`", aggregate.name);
        let collections = aggregate
            .entities
            .values()
            .map(|entity| entity.collection.as_str());
        let own = aggregate.fields.keys().map(|field| field.as_str());
        let built_in = aggregate.built_in_members();
        cx.unknown(&what, name, own.chain(collections).chain(built_in));
    }
    found
}

impl Member<'_> {
    /// What it is, in words, when it is no field of the user's.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Field(field) if field.list => "a list",
            Self::Field(field) => match field.ty {
                Type::Value(_) => "a value object",
                Type::Scalar(scalar) => constraints::scalar_words(scalar),
                Type::Enum(_) => "an enum",
                Type::Reference(_) => "a reference",
            },
            Self::Collection(_) => "a collection",
            Self::Id => "the id",
            Self::Version => "the version",
            Self::Instant => "a timestamp of the tool's",
            Self::Status => "the status",
        }
    }

    /// Whether values of it can be told equal by an index.
    pub fn is_comparable(&self) -> bool {
        match self {
            Self::Field(field) => {
                let simple = !matches!(
                    field.ty,
                    Type::Value(_) | Type::Scalar(Scalar::Json | Scalar::Bytes)
                );
                simple && !field.list
            }
            Self::Id | Self::Status => true,
            Self::Collection(_) | Self::Version | Self::Instant => false,
        }
    }

    /// Whether its values have an order that means something.
    pub fn is_ordered(&self) -> bool {
        match self {
            Self::Field(field) => !field.list && is_ordered(&field.ty),
            Self::Version | Self::Instant => true,
            Self::Collection(_) | Self::Id | Self::Status => false,
        }
    }

    /// What it holds, where the language has a type for that.
    pub fn slot(&self, context: &ContextName, aggregate: &Aggregate) -> Option<Slot> {
        let scalar = |scalar| Slot {
            ty: Type::Scalar(scalar),
            optional: false,
            list: false,
        };
        match self {
            Self::Field(field) => Some(Slot::of(Some(context), field)),
            Self::Id => Some(Slot::id(context, &aggregate.name)),
            Self::Version => Some(scalar(Scalar::Int)),
            Self::Instant => Some(scalar(Scalar::Timestamp)),
            Self::Collection(_) | Self::Status => None,
        }
    }
}

/// Whether values of the type have an order that means something.
pub(super) fn is_ordered(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Scalar(
            Scalar::String
                | Scalar::Text
                | Scalar::Int
                | Scalar::Float
                | Scalar::Decimal(_)
                | Scalar::Date
                | Scalar::Timestamp
                | Scalar::Duration
        )
    )
}
