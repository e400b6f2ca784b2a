//! Aggregates from the rows that they are stored in, and their members on the way back.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::guard::version_of;
use crate::decision::{Aggregate, Meta, Reads};
use platform_contract::{AggregateType, schema};
use platform_ports::engine::{Check, EngineError, Found, Stored};

/// The id of an aggregate, with its type.
pub type IdOf<A> = <<A as Aggregate>::Type as AggregateType>::Id;

/// The aggregate in a row. What is inside it may be older than a member that is the time of a command by
/// default: that reads as the time at which the aggregate was made.
///
/// # Errors
/// [`EngineError::Corrupt`] when the row is not what the schema says.
pub fn from_row<A: Aggregate>(row: Stored) -> Result<A, EngineError> {
    let meta = Meta {
        id: IdOf::<A>::from(row.id),
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    };
    let may_be_older = schema::has_times_by_default(A::SCHEMA);
    let older = may_be_older.then(|| row.members.clone());
    let read = |members| serde_json::from_value::<A>(Value::Object(members));
    let aggregate = read(row.members).or_else(|error| {
        let completed = older.and_then(|mut members| {
            schema::complete_stored(A::SCHEMA, &mut members, row.created_at);
            read(members).ok()
        });
        completed.ok_or_else(|| {
            let (table, why) = (A::SCHEMA.table, A::SCHEMA.unfit(&error));
            EngineError::Corrupt(format!("{table} {}: {why}", row.id))
        })
    });
    let mut aggregate: A = aggregate?;
    aggregate.set_meta(meta);
    Ok(aggregate)
}

/// The members of something in their JSON forms.
///
/// # Errors
/// When a member has none.
pub fn members<T: serde::Serialize>(of: &T) -> Result<Map<String, Value>, serde_json::Error> {
    match serde_json::to_value(of)? {
        Value::Object(members) => Ok(members),
        _ => Ok(Map::new()),
    }
}

impl Reads<'_> {
    /// An aggregate of this service that a decision looks at; part of the read set.
    ///
    /// # Errors
    /// When the engine cannot answer.
    pub async fn aggregate<A: Aggregate>(&mut self, id: IdOf<A>) -> Result<Option<A>, EngineError> {
        let id: Uuid = id.into();
        let found = self.engine.load(A::SCHEMA, 0, id).await?;
        self.checks.push(Check::Version {
            schema: A::SCHEMA,
            generation: 0,
            id,
            version: version_of(&found),
        });
        match found {
            Found::Live(row) => from_row(row).map(Some),
            Found::Nothing | Found::Deleted(_) => Ok(None),
        }
    }

    /// The same, where the reference to it may be absent.
    ///
    /// # Errors
    /// When the engine cannot answer.
    pub async fn optional_aggregate<A: Aggregate>(
        &mut self,
        id: Option<IdOf<A>>,
    ) -> Result<Option<A>, EngineError> {
        match id {
            Some(id) => self.aggregate(id).await,
            None => Ok(None),
        }
    }
}
