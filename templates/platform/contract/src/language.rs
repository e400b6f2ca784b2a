//! The published language of a context: what its contract crate implements.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use crate::EventType;
use crate::schema::Column;
use crate::value::Timestamp;

/// An aggregate as other contexts know it: its identity and where its events are found.
pub trait AggregateType: Debug + Send + Sync + 'static {
    /// The context that owns it, in kebab case.
    const CONTEXT: &'static str;
    /// Its kind, in snake case.
    const NAME: &'static str;
    /// The topic of its events: `<system>.<context>.<aggregate>`.
    const TOPIC: &'static str;
    /// The types of its events.
    const EVENTS: &'static [EventType] = &[];
    /// Its members as far as its events tell of them: what a snapshot has.
    const PUBLISHED: &'static [Column] = &[];
    /// Its id.
    type Id: Id;
    /// Its status; [`NoStatus`] when it has no states.
    type Status: Serialize + DeserializeOwned + Clone + Debug + PartialEq + Send + Sync + 'static;
}

/// The id of an aggregate or entity: a UUID with a type.
pub trait Id:
    Serialize + DeserializeOwned + Copy + Debug + Eq + Send + Sync + From<Uuid> + Into<Uuid> + 'static
{
}

/// The status of an aggregate without states: absent in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, serde::Deserialize)]
pub struct NoStatus;

/// An event: the latest version of what a context tells the world.
pub trait Event:
    Serialize + DeserializeOwned + Clone + Debug + PartialEq + Send + Sync + 'static
{
    /// Its name without the version: `fintech.loan.LoanApproved`.
    const TYPE: &'static str;
    /// Its version.
    const VERSION: u32;
    /// Its members: their types, and which of them are personal data.
    const FIELDS: &'static [Column] = &[];
    /// The aggregate it is of.
    type Of: AggregateType;

    /// Brings the data of an older version to the next one up; called until it is the latest.
    ///
    /// # Errors
    /// When `version` is none that was ever published, or the data is not of it.
    fn upcast(version: u32, data: Value) -> Result<Value, UpcastError> {
        let _ = data;
        Err(UpcastError::UnknownVersion(version))
    }
}

/// Why data of an older version could not be brought to the latest.
#[derive(Debug, thiserror::Error)]
pub enum UpcastError {
    /// The version was never published.
    #[error("version {0} is unknown here")]
    UnknownVersion(u32),
    /// The data is not of the version it claims.
    #[error("the data is not of its version: {0}")]
    Malformed(#[from] serde_json::Error),
}

/// An event as it was recorded: the payload with its place in the aggregate's history.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded<E: Event> {
    /// The event's own id.
    pub id: Uuid,
    /// The aggregate it is of.
    pub of: <E::Of as AggregateType>::Id,
    /// Its place in the history of the aggregate, from 1.
    pub sequence: u64,
    /// The aggregate's status after it.
    pub status: <E::Of as AggregateType>::Status,
    /// When it was recorded.
    pub time: Timestamp,
    /// What it says.
    pub data: E,
}

impl<E: Event> std::ops::Deref for Recorded<E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.data
    }
}

/// A command: what may be asked of a context.
pub trait Command: Serialize + DeserializeOwned + Clone + Debug + Send + Sync + 'static {
    /// The context that owns it.
    const CONTEXT: &'static str;
    /// Its name.
    const NAME: &'static str;
    /// Its input's members: types and constraints, for validation.
    const INPUT: &'static [Column];
    /// The business refusals that it can meet with.
    type Refusal: Refusal;
}

/// The business refusals of a command.
pub trait Refusal: Debug + Clone + PartialEq + Send + Sync + 'static {
    /// Its name in snake case, as in problem documents.
    fn name(&self) -> &'static str;

    /// The status of its answer by HTTP; 409: things are not so that it could be done.
    fn http(&self) -> u16 {
        409
    }

    /// Why, for people; `None` where the name says it all.
    fn reason(&self) -> Option<&str> {
        None
    }
}
