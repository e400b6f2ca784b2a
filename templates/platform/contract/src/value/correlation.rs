//! The ids that callers give to what they set off.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The longest, in bytes: it is in every message and every line of the log.
const LIMIT: usize = 128;

/// The id that all messages share which one request set off: the caller's own, or a new UUID. It has
/// 1 to 128 visible characters of ASCII, so that it can stand in a header or a log as it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CorrelationId(Box<str>);

/// What is said of a text that cannot be the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to {LIMIT} visible characters of ASCII")]
pub struct NoCorrelationId;

impl CorrelationId {
    /// A new one.
    pub fn generate() -> Self {
        Uuid::now_v7().into()
    }

    /// Its text.
    pub const fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Uuid> for CorrelationId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid.to_string().into())
    }
}

impl FromStr for CorrelationId {
    type Err = NoCorrelationId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        match visible && (1..=LIMIT).contains(&text.len()) {
            true => Ok(Self(text.into())),
            false => Err(NoCorrelationId),
        }
    }
}

impl TryFrom<String> for CorrelationId {
    type Error = NoCorrelationId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<CorrelationId> for String {
    fn from(id: CorrelationId) -> Self {
        id.0.into()
    }
}

impl fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
