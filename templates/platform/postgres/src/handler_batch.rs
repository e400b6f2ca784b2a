//! What a handler has made of a run of messages in one statement: rows of its projection or documents,
//! its applied sequences and its offsets. In one exchange with the server, where a transaction has seven.
//!
//! If anything is not as it was expected, nothing is done, and why is found out by a transaction.

use std::collections::{BTreeMap, HashSet};
use std::hash::Hash;
use std::slice;

use platform_ports::engine::{
    Document, DocumentWrite, Documents, EngineError, OffsetAdvance, Save, SequenceAdvance, WriteSet,
};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::apply::ApplyError;
use super::error::{StatementError, is_there, lost};
use super::statement;
use super::tables::Tables;
use super::value::{Arguments, Sql, Type};
use super::{bulk, documents, locks, progress};

/// What is done.
struct HandlerBatch<'a> {
    /// The names of locks to share, in their order.
    locks: Vec<Sql>,
    changed: bulk::LiveRows<'a>,
    made: bulk::LiveRows<'a>,
    documents: BTreeMap<Documents, Vec<&'a Document>>,
    /// Applied sequences that are there.
    advanced: Vec<&'a SequenceAdvance>,
    /// Applied sequences that are not.
    begun: Vec<&'a SequenceAdvance>,
    offsets: &'a [OffsetAdvance],
}

impl<'a> HandlerBatch<'a> {
    /// Of a write set without messages. `None`: it takes a transaction.
    fn of(tables: &Tables, write: &'a WriteSet) -> Option<Self> {
        let conditions = write.conditions().next().is_some();
        if conditions || !bulk::fits(&write.saves) {
            return None;
        }
        let applied_sequences = write.applied_sequences.iter();
        let (advanced, begun): (Vec<_>, Vec<_>) =
            applied_sequences.partition(|one| one.from.is_some());
        let (changed, made) = bulk::updates_and_inserts(&write.saves);
        // Nobody can have deleted in the meantime what this handler had never heard of.
        let new: HashSet<_> = begun.iter().map(|one| key(one)).collect();
        let unheard = |(save, _): &(&Save, _)| new.contains(&(save.generation, save.id()));
        let names = locks::names(tables, slice::from_ref(write));
        let fits = made.iter().all(unheard)
            && differ(
                write
                    .applied_sequences
                    .iter()
                    .map(|one| (&one.handler, key(one))),
            )
            && differ(
                write
                    .offsets
                    .iter()
                    .map(|one| (&one.handler, one.generation, &one.topic, one.partition)),
            );
        fits.then_some(Self {
            locks: names.into_keys().map(Sql::Int).collect(),
            changed,
            made,
            documents: made_documents(&write.documents)?,
            advanced,
            begun,
            offsets: &write.offsets,
        })
    }

    /// In the order in which a transaction does it, as others may be at the same rows.
    fn statement(&self, tables: &Tables) -> Result<(String, Arguments), EngineError> {
        let mut combined = CombinedStatement::after_locks(&self.locks);
        if let Some((first, _)) = self.changed.first() {
            let update = &tables.of(first.schema).bulk.update;
            combined.add("changed", update, self.changed.len(), |given| {
                bulk::arguments_of(given, &self.changed)
            })?;
        }
        if let Some((first, _)) = self.made.first() {
            let insert = &tables.of(first.schema).bulk.insert;
            combined.add("made", insert, self.made.len(), |given| {
                bulk::arguments_of(given, &self.made)
            })?;
            combined.add("deleted", bulk::WERE_DELETED, 0, |given| {
                Ok(bulk::ids_of(given, first, &self.made))
            })?;
        }
        if !self.advanced.is_empty() {
            let advanced = self.advanced.len();
            combined.add("advanced", progress::ADVANCED, advanced, |given| {
                progress::advances_of(given, &self.advanced)
            })?;
        }
        if !self.begun.is_empty() {
            combined.add("begun", progress::MADE, self.begun.len(), |given| {
                progress::sequences_of(given, &self.begun)
            })?;
        }
        for (collection, made) in &self.documents {
            let table = documents::table(*collection);
            let (name, making) = (format!("in_{table}"), documents::making(table));
            combined.add(&name, &making, made.len(), |given| {
                Ok(documents::arrays(given, made.iter().copied()))
            })?;
        }
        if !self.offsets.is_empty() {
            combined.add("offsets", progress::OFFSETS, self.offsets.len(), |given| {
                Ok(progress::offsets_of(given, self.offsets))
            })?;
        }
        Ok(combined.finish())
    }
}

/// A statement of several, each a table of it, whose parameters go on from one to the next.
struct CombinedStatement {
    sql: String,
    arguments: Arguments,
    conditions: String,
}

impl CombinedStatement {
    /// After a table `shared` of one row that takes these locks.
    fn after_locks(locks: &[Sql]) -> Self {
        Self {
            sql:
                "WITH shared AS MATERIALIZED (SELECT count(pg_advisory_xact_lock_shared(name)::text)
                FROM unnest($1::bigint[]) AS name)"
                    .to_owned(),
            arguments: Arguments::default().many(Type::Int, locks),
            conditions: "TRUE".to_owned(),
        }
    }

    /// Adds a statement with its parameters, and lets all come to nothing unless it gives so many rows.
    fn add(
        &mut self,
        name: &str,
        statement: &str,
        rows: usize,
        parameters: impl FnOnce(Arguments) -> Result<Arguments, EngineError>,
    ) -> Result<(), EngineError> {
        let statement = renumbered(statement, self.arguments.count());
        self.sql += &format!(", {name} AS ({statement})");
        let given = parameters(std::mem::take(&mut self.arguments))?;
        let number = given.count() + 1;
        self.conditions += &format!(" AND (SELECT count(*) FROM {name}) = ${number}");
        self.arguments = given.int(i64::try_from(rows).unwrap_or(i64::MAX));
        Ok(())
    }

    fn finish(self) -> (String, Arguments) {
        let (sql, conditions) = (self.sql, self.conditions);
        (
            format!("{sql} SELECT microdb_must({conditions})"),
            self.arguments,
        )
    }
}

fn key(applied: &SequenceAdvance) -> (u32, Uuid) {
    (applied.generation, applied.aggregate)
}

fn differ<T: Eq + Hash>(all: impl Iterator<Item = T>) -> bool {
    let mut seen = HashSet::new();
    all.into_iter().all(|one| seen.insert(one))
}

/// The documents, if all are new ones.
fn made_documents(writes: &[DocumentWrite]) -> Option<BTreeMap<Documents, Vec<&Document>>> {
    let mut made: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for write in writes {
        let DocumentWrite::Put {
            collection,
            expected: 0,
            document,
        } = write
        else {
            return None;
        };
        made.entry(*collection).or_default().push(document);
    }
    Some(made)
}

/// The statement with the numbers of its parameters after so many others.
fn renumbered(statement: &str, before: usize) -> String {
    let mut parts = statement.split('$');
    let mut sql = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = part.split_at(digits);
        let number = number.parse::<usize>().unwrap_or_default();
        sql += &format!("${}{rest}", number + before);
    }
    sql
}

/// Does what a handler has made of a run of messages, and has no messages of its own. `false`: nothing was
/// done.
pub(super) async fn apply(
    connection: &mut PgConnection,
    tables: &Tables,
    write: &WriteSet,
) -> Result<bool, ApplyError> {
    let Some(batch) = HandlerBatch::of(tables, write) else {
        return Ok(false);
    };
    let (sql, arguments) = batch.statement(tables)?;
    match statement::execute(connection, &sql.into(), arguments).await {
        Ok(_) => Ok(true),
        Err(StatementError::Server(error)) if is_there(&error) || lost(&error) => Ok(false),
        Err(failed) => Err(failed.into()),
    }
}
