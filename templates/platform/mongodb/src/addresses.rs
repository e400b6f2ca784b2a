//! Which documents a write set has to do with.

use std::collections::BTreeSet;

use platform_contract::schema::{Column, Schema};
use platform_ports::engine::{
    Check, DocumentWrite, Documents, Generation, OutboxEvent, Save, SaveTo, WriteSet,
};
use serde_json::Value;
use uuid::Uuid;

use super::documents::name_of;
use super::fields::{APPLIED_SEQUENCES, GUARDS, OFFSETS, STANDALONE_OUTBOX};
use super::store::{Address, Store};
use super::{progress, rows};

/// In how many parts a table is guarded: a condition on it locks all of them, a change the one of its
/// row, so that most changes do not meet.
const STRIPES: u128 = 8;

/// All documents that a write set may have to do with.
pub(super) fn addresses(store: &Store, write: &WriteSet) -> BTreeSet<Address> {
    let mut addresses = BTreeSet::new();
    let mut add = |collection: &str, key: String| addresses.insert((collection.to_owned(), key));
    let key = |schema: &Schema, generation: Generation, id| rows::key(schema, generation, id);
    for check in &write.checks {
        if let Check::Version {
            schema,
            generation,
            id,
            ..
        } = check
        {
            add(schema.table, key(schema, *generation, *id));
        }
    }
    for save in &write.saves {
        add(
            save.schema.table,
            key(save.schema, save.generation, id_of(save)),
        );
        for (_, column, id) in references(save) {
            if let Some(table) = column.references {
                add(table, id.to_string());
            }
        }
    }
    for advance in &write.applied_sequences {
        let key = progress::sequence_key(&advance.handler, advance.generation, advance.aggregate);
        add(APPLIED_SEQUENCES, key);
    }
    for offset in &write.offsets {
        add(OFFSETS, progress::offset_key(offset));
    }
    for key in guards(write) {
        add(GUARDS, key);
    }
    let documents = write.documents.iter();
    addresses.extend(documents.map(|one| {
        store
            .answer_holder(one)
            .unwrap_or_else(|| document_address(one))
    }));
    addresses.extend(write.events.iter().map(|event| carrier(write, event)));
    addresses
}

/// What stands for the sets that a write set with conditions on sets reads and writes into. Write
/// sets without such conditions need none; see the module.
pub(super) fn guards(write: &WriteSet) -> BTreeSet<String> {
    let mut guards = BTreeSet::new();
    let table = |schema: &Schema, generation, stripe: u128| {
        format!("table/{}/{generation}/{stripe}", schema.table)
    };
    let group = |collection: Documents, group: &str| format!("{}/{group}", name_of(collection));
    for check in &write.checks {
        match check {
            Check::Version { .. } => {}
            Check::Answer { find, .. } => {
                let stripes = 0..STRIPES;
                guards.extend(stripes.map(|stripe| table(find.schema, find.generation, stripe)));
            }
            Check::EmptyGroup {
                collection,
                group: name,
            } => {
                guards.insert(group(*collection, name));
            }
        }
    }
    if guards.is_empty() {
        return guards;
    }
    for save in &write.saves {
        let stripe = id_of(save).as_u128() % STRIPES;
        guards.insert(table(save.schema, save.generation, stripe));
    }
    for write in &write.documents {
        if let DocumentWrite::Put {
            collection,
            document,
            ..
        } = write
        {
            guards.insert(group(*collection, &document.group));
        }
    }
    guards
}

/// The document that carries an event: its aggregate's, when that is saved.
pub(super) fn carrier(write: &WriteSet, event: &OutboxEvent) -> Address {
    let mut saves = write.saves.iter();
    let save = saves.find(|save| !save.schema.generations && id_of(save) == event.aggregate_id);
    match save {
        Some(save) => (save.schema.table.to_owned(), event.aggregate_id.to_string()),
        None => (STANDALONE_OUTBOX.to_owned(), event.id.to_string()),
    }
}

pub(super) fn id_of(save: &Save) -> Uuid {
    match &save.to {
        SaveTo::Live(stored) => stored.id,
        SaveTo::Deleted { id, .. } => *id,
    }
}

pub(super) fn document_address(write: &DocumentWrite) -> Address {
    match write {
        DocumentWrite::Put {
            collection,
            document,
            ..
        } => (name_of(*collection).to_owned(), document.key.clone()),
        DocumentWrite::Delete {
            collection, key, ..
        } => (name_of(*collection).to_owned(), key.clone()),
    }
}

/// What a row will reference: where in its document, by which column, which row.
pub(super) fn references(save: &Save) -> Vec<(String, &'static Column, Uuid)> {
    let SaveTo::Live(stored) = &save.to else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut add = |path: &str, column: &'static Column, value: Option<&Value>| {
        let one = value.and_then(Value::as_str).into_iter();
        let list = value.and_then(Value::as_array).into_iter().flatten();
        let ids = one.chain(list.filter_map(Value::as_str));
        for id in ids.filter_map(|id| Uuid::try_parse(id).ok()) {
            found.push((path.to_owned(), column, id));
        }
    };
    let referencing = |column: &&'static Column| column.references.is_some();
    for column in save.schema.columns.iter().filter(referencing) {
        add(column.name, column, stored.members.get(column.name));
    }
    for collection in save.schema.collections {
        let entities = stored.members.get(collection.member);
        let entities = entities.and_then(Value::as_array).into_iter().flatten();
        for entity in entities {
            for column in collection.columns.iter().filter(referencing) {
                let path = format!("{}.{}", collection.member, column.name);
                add(&path, column, entity.get(column.name));
            }
        }
    }
    found
}
