//! Aggregates kept before the database, for those who read one by its id.
//!
//! An entry has the version of its row, and nothing older than the version that the cache knows gets in:
//! whoever changes an aggregate says so before he answers, events say so once more, and either leaves a
//! mark with the version that stays longer than a reader can be late with what it has read, be it from
//! a copy that lags. So a change is missed only where neither came through, and then for as long as an
//! entry lives. A cache that is down or slow is passed by, and never an error of a request.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use crate::engine::{OpenError, Stored};
use crate::location::Location;
use crate::outage::Outage;
use platform_contract::schema::Schema;

/// A cache as a service is to have it.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Where it is.
    pub at: Location,
    /// How long an entry lives.
    pub lives: Duration,
    /// Where it is noted that it is out.
    pub outage: Arc<Outage>,
}

/// A kind of cache that a service can have.
pub trait Driver: Debug + Send + Sync {
    /// How the locations of such caches begin.
    fn schemes(&self) -> &'static [&'static str];

    /// What a location looks like.
    fn example(&self) -> &'static str;

    /// Opens a cache, which need not be there yet.
    ///
    /// # Errors
    /// When its location is none of such a cache.
    fn open(&self, wanted: &Wanted) -> Result<Arc<dyn Cache>, OpenError>;
}

/// What is known under an id.
#[derive(Debug, Clone, PartialEq)]
pub enum Known {
    /// The row.
    Row(Stored),
    /// Nothing. What the database has is kept by who shows this.
    Nothing(Asked),
    /// The cache does not answer.
    Passed,
}

/// When a row was asked for, by the clock of the cache, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked(u64);

impl Asked {
    /// At this time.
    pub const fn at(millis: u64) -> Self {
        Self(millis)
    }

    /// The time.
    pub const fn millis(self) -> u64 {
        self.0
    }
}

/// The cache does not answer: nobody knows what it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cache does not answer")]
pub struct Unanswered;

/// Keeps rows of aggregates.
#[async_trait]
pub trait Cache: Send + Sync + 'static {
    /// How long an entry lives.
    fn lives(&self) -> Duration;

    /// What is known under an id.
    async fn look(&self, schema: &'static Schema, id: Uuid) -> Known;

    /// Keeps a row that was read after it was asked for, unless a later version is known, or it comes
    /// late.
    async fn keep(&self, schema: &'static Schema, row: &Stored, asked: Asked);

    /// Says that an aggregate has this version by now.
    ///
    /// # Errors
    /// When the cache does not answer, and may have an older one.
    async fn changed(
        &self,
        schema: &'static Schema,
        id: Uuid,
        version: u64,
    ) -> Result<(), Unanswered>;
}
