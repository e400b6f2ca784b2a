//! Aggregates and their entities.

use indexmap::IndexMap;

use super::checker::{Checker, Home};
use super::fields::{self, Owner, Place};
use super::{keys, members, names, paths, roles, types};
use crate::description::Keyed;
use crate::description::raw::{RawAggregate, RawEntity, Text};
use crate::diagnostics::{Diagnostic, Span};
use crate::model::{
    Aggregate, Entity, Field, Ident, MAX_NAME_LENGTH, Reference, State, Type, TypeName, derived,
};

/// The aggregates of a context.
pub(super) fn aggregates(cx: &Checker<'_>, home: &Home<'_>) -> IndexMap<TypeName, Aggregate> {
    let mut aggregates = IndexMap::new();
    for (name, raw) in &home.raw.aggregates {
        if let Some(name) = names::type_name(cx, "aggregate", name, raw.key) {
            aggregates.insert(name.clone(), aggregate(cx, home, name, raw));
        }
    }
    aggregates
}

fn aggregate(
    cx: &Checker<'_>,
    home: &Home<'_>,
    name: TypeName,
    keyed: &Keyed<RawAggregate>,
) -> Aggregate {
    let raw = &keyed.value;
    let about = names::about_in(cx, &raw.about, &home.raw.aggregates);
    let owner = Owner {
        home: Some(home),
        name: name.as_str(),
        place: Place::Aggregate,
        aggregate: Some(name.as_str()),
    };
    let fields = fields::fields(cx, &owner, &raw.fields);
    built_in(cx, &fields, raw);
    own_entities(cx, &fields, raw);
    topics(cx, &name, keyed.key);
    tables(cx, &name, keyed.key);
    let path = raw.path.as_ref().and_then(|path| paths::plain(cx, path));
    let mut made = Aggregate {
        path: path.unwrap_or_else(|| derived::plural_path(name.as_str())),
        doc: about.doc,
        deprecated: about.deprecated,
        renamed_from: about.renamed_from,
        states: states(cx, &name, raw),
        entities: entities(cx, home, &name, raw),
        fields,
        name,
        unique: Vec::new(),
        subject: None,
        shard_by: None,
        read: raw
            .read
            .as_ref()
            .map(|list| roles::roles(cx, list))
            .unwrap_or_default(),
    };
    collections(cx, &made, raw);
    made.unique = keys::unique(cx, &made, raw);
    made.shard_by = keys::shard_by(cx, home, &made, raw);
    made.subject = keys::subject(cx, &made, raw);
    if let Some(read) = &raw.read {
        roles::need_subject(cx, read, &made);
    }
    made
}

/// Reports fields that every aggregate has anyway.
fn built_in(cx: &Checker<'_>, fields: &IndexMap<Ident, Field>, raw: &RawAggregate) {
    let given = |field: &str| {
        derived::BUILT_IN_MEMBERS.contains(&field)
            || (field == derived::STATUS && raw.states.is_some())
    };
    for field in fields.keys().filter(|field| given(field.as_str())) {
        let Some(span) = fields::key_of(&raw.fields, field.as_str()) else {
            continue;
        };
        let message = format!("`{field}` is a field that the tool gives to aggregates");
        let finding = Diagnostic::error("built-in-name", message).at(span, "");
        let finding = match &raw.states {
            Some(states) if field.as_str() == derived::STATUS => {
                finding.at(states.span, "whose status is one of these")
            }
            _ => finding,
        };
        cx.report(finding.help("remove it, or rename it when it means something else"));
    }
}

/// Reports required references to entities, which have no id before the aggregate is made.
fn own_entities(cx: &Checker<'_>, fields: &IndexMap<Ident, Field>, raw: &RawAggregate) {
    for field in fields.values() {
        let Type::Reference(Reference::Entity { entity, .. }) = &field.ty else {
            continue;
        };
        if field.is_required()
            && let Some(span) = fields::key_of(&raw.fields, field.name.as_str())
        {
            let message = format!("`{}` must be optional", field.name);
            let finding = Diagnostic::error("required-entity", message).at(span, "");
            cx.report(
                finding
                    .note(format!(
                        "no `{entity}` has an id before its aggregate is created"
                    ))
                    .help("add `optional = true`"),
            );
        }
    }
}

/// Reports an aggregate whose topic would be one of the context's own.
fn topics(cx: &Checker<'_>, name: &TypeName, span: Span) {
    let segment = derived::segment(name.as_str());
    if derived::OWN_TOPICS.contains(&segment.as_str()) {
        let message = format!("an aggregate cannot be called `{name}`");
        let finding = Diagnostic::error("reserved-name", message).at(span, "");
        cx.report(
            finding
                .note(format!("every context has a topic `{segment}` of its own"))
                .help("use the singular, or another word of the business"),
        );
    }
}

/// Reports an aggregate whose table could be one of the runtime's.
fn tables(cx: &Checker<'_>, name: &TypeName, span: Span) {
    if derived::segment(name.as_str()).starts_with("microdb-") {
        let message = format!("an aggregate cannot be called `{name}`");
        let finding = Diagnostic::error("reserved-name", message).at(span, "");
        cx.report(
            finding
                .note("tables whose names begin with `microdb_` are the runtime's own")
                .help("use a word of the business"),
        );
    }
}

fn states(cx: &Checker<'_>, name: &TypeName, raw: &RawAggregate) -> Vec<State> {
    let Some(written) = &raw.states else {
        return Vec::new();
    };
    if written.value.is_empty() {
        let message = format!("`{name}` has no state to begin in");
        let finding = Diagnostic::error("empty-states", message).at(written.span, "");
        cx.report(finding.help("list its states, the initial one first, or remove `states`"));
    }
    let mut states = Vec::new();
    for (index, word) in written.value.iter().enumerate() {
        let earlier = written.value[..index].iter().map(|word| &word.name);
        distinct_word(cx, "state", &word.name, earlier);
        let name = names::state_name(cx, "state", &word.name.value, word.name.span);
        states.extend(name.map(|name| State { name }));
    }
    states
}

/// Reports a word that is in code what an earlier one is.
pub(super) fn distinct_word<'r>(
    cx: &Checker<'_>,
    what: &str,
    word: &Text,
    earlier: impl IntoIterator<Item = &'r Text>,
) {
    let key = derived::collision_key(&word.value);
    let same = |other: &&Text| derived::collision_key(&other.value) == key;
    if let Some(other) = earlier.into_iter().find(same) {
        types::collision(cx, what, other, word);
    }
}

fn entities(
    cx: &Checker<'_>,
    home: &Home<'_>,
    aggregate: &TypeName,
    raw: &RawAggregate,
) -> IndexMap<TypeName, Entity> {
    let mut entities = IndexMap::new();
    for (name, keyed) in &raw.entities {
        let about = names::about_in(cx, &keyed.value.about, &raw.entities);
        let owner = Owner {
            home: Some(home),
            name,
            place: Place::Entity,
            aggregate: Some(aggregate.as_str()),
        };
        let fields = fields::fields(cx, &owner, &keyed.value.fields);
        if let Some(span) = fields::key_of(&keyed.value.fields, "id") {
            let finding =
                Diagnostic::error("built-in-name", "every entity has an `id`").at(span, "");
            cx.report(finding.help("remove it, or rename it when it means something else"));
        }
        let valid = names::type_name(cx, "entity", name, keyed.key);
        let collection = collection(cx, name, keyed);
        if let (Some(name), Some(collection)) = (valid, collection) {
            let made = Entity {
                name: name.clone(),
                doc: about.doc,
                collection,
                fields,
            };
            entities.insert(name, made);
        }
    }
    entities
}

fn collection(cx: &Checker<'_>, name: &str, keyed: &Keyed<RawEntity>) -> Option<Ident> {
    match &keyed.value.collection {
        Some(given) => names::ident(cx, "collection", &given.value, given.span),
        None => {
            let made = members::collection_name(name);
            let length = made.len();
            if TypeName::new(name).is_some() && length > MAX_NAME_LENGTH {
                let message = format!(
                    "the collection of `{name}` would have a name of {length} characters, \
                     {MAX_NAME_LENGTH} are allowed"
                );
                let finding = Diagnostic::error("name-form", message).at(keyed.key, "");
                cx.report(finding.help("give it a shorter one: `collection = \"…\"`"));
            }
            // A name that is no type's was reported as such.
            Ident::new(&made)
        }
    }
}

/// Reports collections that are called as a field is, or another collection.
fn collections(cx: &Checker<'_>, made: &Aggregate, raw: &RawAggregate) {
    let place = |entity: &Entity| {
        let keyed = raw.entities.get(entity.name.as_str())?;
        Some(
            keyed
                .value
                .collection
                .as_ref()
                .map_or(keyed.key, |given| given.span),
        )
    };
    for (index, entity) in made.entities.values().enumerate() {
        let key = derived::collision_key(entity.collection.as_str());
        let same = |name: &Ident| derived::collision_key(name.as_str()) == key;
        let Some(span) = place(entity) else { continue };
        let collision = |what: String, other: Option<Span>| {
            let message = format!("the collection `{}` is called as {what}", entity.collection);
            let finding = Diagnostic::error("name-collision", message).at(span, "");
            let finding = other
                .into_iter()
                .fold(finding, |finding, at| finding.at(at, "the other one"));
            cx.report(finding.help("give it another name: `collection = \"…\"`"));
        };
        if let Some(field) = made.fields.keys().find(|name| same(name)) {
            let at = fields::key_of(&raw.fields, field.as_str());
            collision(format!("the field `{field}`"), at);
        }
        let mut earlier = made.entities.values().take(index);
        if let Some(other) = earlier.find(|other| same(&other.collection)) {
            collision(format!("that of `{}`", other.name), place(other));
        }
        if made
            .built_in_members()
            .any(|member| member == entity.collection.as_str())
        {
            collision("a field that the tool gives to aggregates".to_owned(), None);
        }
    }
}
