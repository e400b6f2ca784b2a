//! Write sets, as the server's function takes them (`lua/10_commit.lua`), and what it answers.

use platform_contract::schema::Schema;
use platform_ports::engine::{Check, CommitError, EngineError, Save, SaveTo, Stored, WriteSet};
use serde_json::{Value, json};

use super::connect::json;
use super::entries::{self, Reference};
use super::error::corrupt;
use super::{documents, find, outbox, progress, rows};

/// A write set on its way, and what names mean in the answer.
pub(super) struct PreparedWriteSet {
    /// The argument of the function.
    pub text: String,
    saves: Vec<SaveNames>,
}

/// What a save can fail by.
struct SaveNames {
    schema: &'static Schema,
    references: Vec<NamedReference>,
}

/// A column that references something, and the id that it names.
type NamedReference = (&'static str, String);

impl PreparedWriteSet {
    /// Brings a write set into its form.
    pub(super) fn new(write: &WriteSet) -> Result<Self, EngineError> {
        let checks = write.checks.iter().map(check);
        let checks = checks.collect::<Result<Vec<_>, _>>()?;
        let mut saves = Vec::with_capacity(write.saves.len());
        let mut names = Vec::with_capacity(write.saves.len());
        for save in &write.saves {
            let (value, references) = saved(save)?;
            saves.push(value);
            names.push(SaveNames {
                schema: save.schema,
                references,
            });
        }
        let events = write.events.iter().map(outbox::appended);
        let events = events.collect::<Result<Vec<_>, _>>()?;
        let text = json(&json!({
            "checks": checks,
            "saves": saves,
            "events": events,
            "applied_sequences": write.applied_sequences.iter().map(progress::applied).collect::<Vec<_>>(),
            "documents": write.documents.iter().map(documents::change).collect::<Vec<_>>(),
            "offsets": write.offsets.iter().map(progress::offset).collect::<Vec<_>>(),
        }))?;
        Ok(Self { text, saves: names })
    }

    /// What the function said of it.
    pub(super) fn outcome(&self, answer: &str) -> Result<(), CommitError> {
        let mut words = answer.split(' ');
        let what = words.next().unwrap_or_default();
        let mut number = || -> Option<usize> { words.next()?.parse().ok() };
        Err(match what {
            "" => return Ok(()),
            "conflict" => CommitError::Conflict,
            "full" => CommitError::OutboxFull,
            "corrupt" => EngineError::Corrupt(answer.to_owned()).into(),
            _ => number()
                .zip(number())
                .and_then(|(save, which)| self.failure(what, save, which))
                .unwrap_or_else(|| corrupt("an answer").into()),
        })
    }

    fn failure(&self, what: &str, save: usize, which: usize) -> Option<CommitError> {
        let names = self.saves.get(save)?;
        let schema = names.schema;
        match what {
            "taken" => Some(CommitError::Taken(schema.unique.get(which)?.name)),
            "missing" => {
                let (column, id) = names.references.get(which)?;
                Some(CommitError::MissingReference(column, id.parse().ok()?))
            }
            "referenced" => {
                let referrer = schema.referenced_by.get(which)?;
                Some(CommitError::StillReferenced(referrer.table))
            }
            _ => None,
        }
    }
}

fn check(check: &Check) -> Result<Value, EngineError> {
    Ok(match check {
        Check::Version {
            schema,
            generation,
            id,
            version,
        } => json!({
            "kind": "version",
            "of": rows::of(schema, *generation),
            "id": id.to_string(),
            "version": version.to_string(),
        }),
        Check::Answer { find, rows } => {
            let rows = rows.iter();
            let rows = rows.map(|(id, version)| json!([id.to_string(), version.to_string()]));
            json!({
                "kind": "answer",
                "find": find::search(find)?,
                "rows": rows.collect::<Vec<_>>(),
            })
        }
        Check::EmptyGroup { collection, group } => json!({
            "kind": "group",
            "of": documents::of(*collection),
            "group": documents::escaped(group),
        }),
    })
}

/// A change of a row, and the columns of the references it is checked for.
fn saved(save: &Save) -> Result<(Value, Vec<NamedReference>), EngineError> {
    match &save.to {
        SaveTo::Live(stored) => live(save, stored),
        SaveTo::Deleted { id, version } => {
            let referrers = save.schema.referenced_by.iter();
            let referrers = referrers.map(|one| format!("{}\0{}", one.table, one.column));
            let value = json!({
                "of": rows::of(save.schema, save.generation),
                "table": save.schema.table,
                "id": id.to_string(),
                "expected": save.expected.to_string(),
                "deleted": version.to_string(),
                "referrers": referrers.collect::<Vec<_>>(),
            });
            Ok((value, Vec::new()))
        }
    }
}

fn live(save: &Save, stored: &Stored) -> Result<(Value, Vec<NamedReference>), EngineError> {
    let id = stored.id.to_string();
    let members = rows::members(save.schema, stored)?;
    let compared = rows::compared(save.schema, &members)?;
    let unique_values = entries::unique_values(save.schema, &members)?;
    let references = entries::references(save.schema, &members);
    let unique = unique_values.iter();
    let unique = unique.map(|one| json!([one.number, one.key, one.field]));
    let value = json!({
        "of": rows::of(save.schema, save.generation),
        "id": id,
        "expected": save.expected.to_string(),
        "version": stored.version.to_string(),
        "created": stored.created_at.to_string(),
        "updated": stored.updated_at.to_string(),
        "compared": json(&compared)?,
        "members": json(&members)?,
        "unique": unique.collect::<Vec<_>>(),
        "references": named(&references),
        "entries": json(&entries::entries(&id, &unique_values, &references))?,
    });
    let named = references.into_iter().map(|one| (one.column, one.id));
    Ok((value, named.collect()))
}

fn named(references: &[Reference]) -> Vec<Value> {
    let numbered = references.iter().enumerate();
    numbered
        .map(|(number, one)| json!([number, entries::referenced(one.to), one.id]))
        .collect()
}
