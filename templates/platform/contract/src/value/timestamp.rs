//! Instants in UTC, to the microsecond.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An instant in UTC, to the microsecond. Its text has a fixed width, so that texts order as
/// instants do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// The system's clock.
    pub fn now() -> Self {
        Self::from(jiff::Timestamp::now())
    }

    /// The instant so many microseconds after 1970-01-01 UTC, for constants: at most the last
    /// instant there is.
    pub fn constant(microseconds: i64) -> Self {
        Self::from_microseconds(microseconds).unwrap_or(Self(jiff::Timestamp::MAX))
    }

    /// Microseconds since 1970-01-01 UTC.
    pub fn as_microseconds(self) -> i64 {
        self.0.as_microsecond()
    }

    /// The instant so many microseconds after 1970-01-01 UTC; `None` outside of years -9999 to 9999.
    pub fn from_microseconds(microseconds: i64) -> Option<Self> {
        jiff::Timestamp::from_microsecond(microseconds)
            .ok()
            .map(Self)
    }

    /// The instant so many milliseconds later, at most the last one there is.
    pub fn plus_millis(self, millis: u64) -> Self {
        let micros = i64::try_from(millis.saturating_mul(1_000)).unwrap_or(i64::MAX);
        Self::from_microseconds(self.as_microseconds().saturating_add(micros))
            .unwrap_or(Self(jiff::Timestamp::MAX))
    }

    /// Milliseconds since `earlier`; 0 when that is later.
    pub fn millis_since(self, earlier: Self) -> u64 {
        u64::try_from((self.as_microseconds() - earlier.as_microseconds()) / 1_000).unwrap_or(0)
    }

    /// The date of the instant, in UTC.
    pub fn date(self) -> super::Date {
        jiff::tz::Offset::UTC.to_datetime(self.0).date()
    }

    /// The same instant in the type of the time library.
    pub fn to_jiff(self) -> jiff::Timestamp {
        self.0
    }
}

impl From<jiff::Timestamp> for Timestamp {
    /// Drops what is finer than a microsecond.
    fn from(timestamp: jiff::Timestamp) -> Self {
        Self::from_microseconds(timestamp.as_microsecond()).unwrap_or(Self(timestamp))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.0)
    }
}

impl FromStr for Timestamp {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<jiff::Timestamp>().map(Self::from)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}
