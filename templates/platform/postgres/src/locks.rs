//! The locks of a transaction, all taken before anything else and in one order, so that no two wait
//! for each other.
//!
//! Rows that are read or changed are locked themselves. What is *not* there cannot be: that a search
//! answers the same, that a group is empty, that an id was never used. For these there are locks by
//! name (advisory ones): who may bring such rows about (every save of a table, every document put
//! into a group) shares the lock of that table or group, and who relies on their absence has it
//! alone, up to the end of the transaction. What was committed before it got the lock is visible to
//! the statements after. Of a table in partitions, whoever makes a row has the lock of its id alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use platform_contract::schema::Schema;
use platform_ports::engine::{Check, DocumentWrite, Documents, Generation, SaveTo, WriteSet};
use uuid::Uuid;

use super::documents;
use super::tables::Tables;

/// Groups share so many locks per collection, as the server has room for a limited number.
const GROUP_LOCKS: u64 = 64;

/// The lock for what searches over a table answer.
pub(super) fn of_table(table: &str) -> i64 {
    of_name(&format!("microdb table {table}"))
}

/// The lock of an id that no unique constraint keeps from being used twice.
fn of_id(table: &str, id: Uuid) -> i64 {
    of_name(&format!("microdb id {table} {id}"))
}

/// The lock for what a group of documents has.
pub(super) fn of_group(collection: Documents, group: &str) -> i64 {
    let (high, _) = Uuid::new_v5(&Uuid::NAMESPACE_OID, group.as_bytes()).as_u64_pair();
    let table = documents::table(collection);
    of_name(&format!("microdb group {table} {}", high % GROUP_LOCKS))
}

fn of_name(name: &str) -> i64 {
    let (high, _) = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).as_u64_pair();
    high.cast_signed()
}

/// The locks by name of these write sets, and whether each is to be had alone.
pub(super) fn names(tables: &Tables, writes: &[WriteSet]) -> BTreeMap<i64, bool> {
    let mut names: BTreeMap<i64, bool> = BTreeMap::new();
    let mut lock = |name: i64, alone: bool| {
        *names.entry(name).or_default() |= alone;
    };
    for write in writes {
        for save in &write.saves {
            let sql = tables.of(save.schema);
            lock(sql.lock, false);
            if sql.guarded && save.expected == 0 {
                lock(of_id(save.schema.table, save.id()), true);
            }
        }
        for document in &write.documents {
            if let DocumentWrite::Put {
                collection,
                document,
                ..
            } = document
            {
                lock(of_group(*collection, &document.group), false);
            }
        }
        for check in write.conditions() {
            match check {
                Check::Answer { find, .. } => lock(tables.of(find.schema).lock, true),
                Check::Version {
                    schema, version: 0, ..
                } => lock(tables.of(schema).lock, true),
                Check::Version { .. } => {}
                Check::EmptyGroup { collection, group } => lock(of_group(*collection, group), true),
            }
        }
    }
    names
}

/// The statements that begin the transaction of these write sets and take their locks by name.
pub(super) fn begin(tables: &Tables, writes: &[WriteSet]) -> String {
    let mut begin = "BEGIN ISOLATION LEVEL READ COMMITTED".to_owned();
    for (name, alone) in names(tables, writes) {
        let shared = if alone { "" } else { "_shared" };
        let _ = write!(begin, "; SELECT pg_advisory_xact_lock{shared}({name})");
    }
    begin
}

/// What is to be done with the rows of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Purpose {
    /// Their versions are relied on.
    Read,
    /// Some are changed.
    Update,
    /// Some are deleted.
    Delete,
}

/// Rows of one table that are to be locked.
pub(super) struct Rows {
    /// Its schema.
    pub schema: &'static Schema,
    /// Their generation.
    pub generation: Generation,
    /// What for.
    pub purpose: Purpose,
    /// Their ids.
    pub ids: BTreeSet<Uuid>,
}

/// The rows to be locked beforehand, table by table. A single change needs none of it: its row is
/// the only one.
pub(super) fn rows(writes: &[WriteSet]) -> Vec<Rows> {
    let mut tables: BTreeMap<(&str, Generation), Rows> = BTreeMap::new();
    let mut add = |schema: &'static Schema, generation, id, purpose| {
        let rows = tables.entry((schema.table, generation)).or_insert(Rows {
            schema,
            generation,
            purpose,
            ids: BTreeSet::new(),
        });
        rows.purpose = rows.purpose.max(purpose);
        rows.ids.insert(id);
    };
    let mut read = false;
    for write in writes {
        for check in write.conditions() {
            if let Check::Version {
                schema,
                generation,
                id,
                ..
            } = check
            {
                read = true;
                add(schema, *generation, *id, Purpose::Read);
            }
        }
        for save in &write.saves {
            let (id, purpose) = match &save.to {
                // There is nothing to lock, or it is in the way.
                SaveTo::Live(_) if save.expected == 0 => continue,
                SaveTo::Live(stored) => (stored.id, Purpose::Update),
                SaveTo::Deleted { id, .. } => (*id, Purpose::Delete),
            };
            add(save.schema, save.generation, id, purpose);
        }
    }
    let saves: usize = writes.iter().map(|write| write.saves.len()).sum();
    if saves < 2 && !read {
        return Vec::new();
    }
    tables.into_values().collect()
}
