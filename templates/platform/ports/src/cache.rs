//! A cache of aggregates before the database, for those who read one by its id.
//!
//! An entry has the version of its row, and nothing older than the version that the cache knows gets in:
//! whoever changes an aggregate invalidates it before he answers, its events do so once more, and either
//! leaves a mark with the version that stays longer than a reader can be late with what it has read, be
//! it from a read replica that lags. So a change is missed only where neither came through, and then for
//! no longer than an entry's time to live. A cache that is down or slow is passed by, and never an error
//! of a request.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use crate::engine::{OpenError, Stored};
use crate::location::Location;
use crate::outage::Outage;
use platform_contract::schema::Schema;

/// How a service has its cache opened.
#[derive(Debug, Clone)]
pub struct CacheOptions {
    /// Where it is.
    pub at: Location,
    /// How long an entry is shown.
    pub time_to_live: Duration,
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
    fn open(&self, options: &CacheOptions) -> Result<Arc<dyn Cache>, OpenError>;
}

/// What a cache has under an id.
#[derive(Debug, Clone, PartialEq)]
pub enum CacheLookup {
    /// The row.
    Hit(Stored),
    /// Nothing. Whoever reads the row from the database puts it into the cache with this time.
    Miss(LookupTime),
    /// The cache does not answer.
    Unavailable,
}

/// When a row was looked up in vain, by the clock of the cache, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookupTime(u64);

impl LookupTime {
    /// This time.
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
pub struct CacheUnavailable;

/// Rows of aggregates before the database.
#[async_trait]
pub trait Cache: Send + Sync + 'static {
    /// How long an entry is shown.
    fn time_to_live(&self) -> Duration;

    /// What it has under an id.
    async fn get(&self, schema: &'static Schema, id: Uuid) -> CacheLookup;

    /// Takes in a row that was read after this lookup, unless a later version is known, or it comes
    /// late.
    async fn put(&self, schema: &'static Schema, row: &Stored, looked_up: LookupTime);

    /// Drops what is older than this version, which an aggregate has by now, and lets nothing older in.
    ///
    /// # Errors
    /// When the cache does not answer, and may have an older one.
    async fn invalidate(
        &self,
        schema: &'static Schema,
        id: Uuid,
        version: u64,
    ) -> Result<(), CacheUnavailable>;
}
