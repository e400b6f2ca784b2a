//! "Filling inputs": where a value comes from when nobody says so.
//!
//! In this order: a source of the same name and type; for a reference the only source of the same
//! reference type; a source of the same name that is a structurally equal value object or enum.

use crate::model::{
    ContextName, EnumType, Field, Fill, Ident, Reference, Source, System, Type, TypePath, ValueType,
};

/// The type of a place: what a value must be to go there, and what it is when taken from there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Slot {
    /// Its type, with every reference spelled from outside.
    pub ty: Type,
    /// Whether it may be absent.
    pub optional: bool,
    /// Whether it is a list.
    pub list: bool,
}

/// A value that may be taken.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// Where it is.
    pub source: Source,
    /// The name it has there.
    pub name: Option<Ident>,
    /// What it is.
    pub slot: Slot,
}

impl Candidate {
    /// It, as it is.
    pub fn taken(&self) -> Fill {
        Fill {
            source: self.source.clone(),
            structural: false,
        }
    }

    /// Whether it has this name.
    fn is_named(&self, name: &str) -> bool {
        let own = self.name.as_ref();
        own.is_some_and(|own| own.as_str() == name)
    }
}

impl Slot {
    /// What a field of `context` holds; `None` for the shared kernel.
    pub fn of(context: Option<&ContextName>, field: &Field) -> Self {
        Self {
            ty: absolute(context, &field.ty),
            optional: field.optional,
            list: field.list,
        }
    }

    /// The id of an aggregate.
    pub fn id(context: &ContextName, aggregate: &crate::model::TypeName) -> Self {
        let ty = Type::Reference(Reference::Foreign(context.clone(), aggregate.clone()));
        Self {
            ty,
            optional: false,
            list: false,
        }
    }

    /// The same, of which one must be there.
    pub fn required(mut self) -> Self {
        self.optional = false;
        self
    }

    /// Whether a value from `from` can go here without being looked into.
    fn fits(&self, from: &Self) -> bool {
        self.list == from.list && (self.optional || !from.optional)
    }
}

/// A type in which references to aggregates name their context.
fn absolute(context: Option<&ContextName>, ty: &Type) -> Type {
    match (ty, context) {
        (Type::Reference(Reference::Local(aggregate)), Some(context)) => {
            Type::Reference(Reference::Foreign(context.clone(), aggregate.clone()))
        }
        _ => ty.clone(),
    }
}

/// Where `name` of type `slot` comes from; `None` when it stays open.
pub(super) fn fill(
    system: &System,
    name: &str,
    slot: &Slot,
    candidates: &[Candidate],
) -> Option<Fill> {
    let named = |candidate: &&Candidate| candidate.is_named(name);
    let fitting = || {
        candidates
            .iter()
            .filter(|candidate| slot.fits(&candidate.slot))
    };
    if let Some(candidate) = fitting()
        .filter(named)
        .find(|candidate| candidate.slot.ty == slot.ty)
    {
        return Some(candidate.taken());
    }
    if matches!(slot.ty, Type::Reference(_)) {
        let mut same = fitting().filter(|candidate| candidate.slot.ty == slot.ty);
        return match (same.next(), same.next()) {
            (Some(only), None) => Some(only.taken()),
            _ => None,
        };
    }
    let candidate = fitting().filter(named).find(|candidate| {
        let depth = 0;
        structurally_equal(system, &slot.ty, &candidate.slot.ty, depth)
    })?;
    Some(Fill {
        source: candidate.source.clone(),
        structural: true,
    })
}

/// Where the id of something comes from that need not be there: the reference of this name, else the only
/// one that is always there, else the only one that may be absent.
pub(super) fn reference(name: &str, slot: &Slot, candidates: &[Candidate]) -> Option<Fill> {
    let all = references(slot, candidates);
    match all.clone().find(|candidate| candidate.is_named(name)) {
        Some(named) => Some(named.taken()),
        None => only(all).ok(),
    }
}

/// Those that are single ids of what `slot` holds.
pub(super) fn references<'c>(
    slot: &'c Slot,
    candidates: &'c [Candidate],
) -> impl Iterator<Item = &'c Candidate> + Clone {
    let candidates = candidates.iter();
    candidates.filter(move |it| it.slot.ty == slot.ty && !it.slot.list)
}

/// The only one of these that is always there, else the only one that may be absent, or how many there are.
pub(super) fn only<'c>(candidates: impl Iterator<Item = &'c Candidate>) -> Result<Fill, usize> {
    let (unsure, certain): (Vec<_>, Vec<_>) = candidates.partition(|it| it.slot.optional);
    let found = if certain.is_empty() { unsure } else { certain };
    match found[..] {
        [only] => Ok(only.taken()),
        _ => Err(found.len()),
    }
}

/// Values nested deeper than this are told apart: recursion is an error reported elsewhere.
const DEEPEST: usize = 16;

/// Whether two types are value objects of equal fields, or enums of equal values.
fn structurally_equal(system: &System, one: &Type, other: &Type, depth: usize) -> bool {
    match (one, other) {
        _ if one == other => true,
        (Type::Enum(one), Type::Enum(other)) => {
            match (enum_type(system, one), enum_type(system, other)) {
                (Some(one), Some(other)) => equal_enums(one, other),
                _ => false,
            }
        }
        (Type::Value(one), Type::Value(other)) if depth < DEEPEST => {
            match (value_type(system, one), value_type(system, other)) {
                (Some(left), Some(right)) => {
                    left.fields.len() == right.fields.len()
                        && left.fields.values().all(|field| {
                            let twin = right.fields.get(&field.name);
                            twin.is_some_and(|twin| {
                                let ours = Slot::of(one.context.as_ref(), field);
                                let theirs = Slot::of(other.context.as_ref(), twin);
                                ours.optional == theirs.optional
                                    && ours.list == theirs.list
                                    && structurally_equal(system, &ours.ty, &theirs.ty, depth + 1)
                            })
                        })
                }
                _ => false,
            }
        }
        _ => false,
    }
}

fn equal_enums(one: &EnumType, other: &EnumType) -> bool {
    one.values.len() == other.values.len()
        && one.values.iter().all(|value| other.values.contains(value))
}

/// The enum at `path`.
pub(super) fn enum_type<'a>(system: &'a System, path: &TypePath) -> Option<&'a EnumType> {
    match &path.context {
        None => system.enums.get(&path.name),
        Some(context) => system.contexts.get(context)?.enums.get(&path.name),
    }
}

/// The value object at `path`.
pub(super) fn value_type<'a>(system: &'a System, path: &TypePath) -> Option<&'a ValueType> {
    match &path.context {
        None => system.values.get(&path.name),
        Some(context) => system.contexts.get(context)?.values.get(&path.name),
    }
}
