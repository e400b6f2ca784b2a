//! Copies of a database that lag behind it, and how a caller is kept from reading less than it has
//! at_least: by positions in the history of the database.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use uuid::Uuid;

use super::{EngineError, Find, Found, Page};
use platform_contract::schema::Schema;

/// Read replicas that answer callers. What decides, handles or relays reads the database itself.
#[async_trait]
pub trait ReadReplicas: Send + Sync {
    /// Where the database is now: whoever reads from there sees all that was committed before this call.
    async fn consistency_token(&self) -> Result<ConsistencyToken, EngineError>;

    /// The row under an id, from a replica that has got as far as `at_least`; `None`: none can answer.
    async fn load(
        &self,
        at_least: ConsistencyToken,
        schema: &'static Schema,
        id: Uuid,
    ) -> Option<Found>;

    /// A page of rows, from a replica that has got as far as `at_least`; `None`: none can answer.
    async fn find(&self, at_least: ConsistencyToken, find: &Find) -> Option<Page>;
}

/// A position in the log of a database, given to a caller so that it reads its own writes from a read
/// replica: one that has not got that far does not answer it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConsistencyToken(u64);

impl ConsistencyToken {
    /// Before everything.
    pub const START: Self = Self(0);
    /// Where no replica ever gets: the database itself is to answer.
    pub const NEVER: Self = Self(u64::MAX);

    /// The one with this number, by which tokens are ordered.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ConsistencyToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

/// A text that is no [`ConsistencyToken`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidConsistencyToken;

impl FromStr for ConsistencyToken {
    type Err = InvalidConsistencyToken;

    fn from_str(text: &str) -> Result<Self, InvalidConsistencyToken> {
        // A sign is what the numbers of Rust may have, and tokens not.
        match text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            true => u64::from_str_radix(text, 16)
                .map(Self)
                .map_err(|_| InvalidConsistencyToken),
            false => Err(InvalidConsistencyToken),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ConsistencyToken, InvalidConsistencyToken};

    #[test]
    fn tokens_are_texts() {
        for token in [
            ConsistencyToken::START,
            ConsistencyToken::new(0x16_b374_d848),
            ConsistencyToken::NEVER,
        ] {
            assert_eq!(token.to_string().parse(), Ok(token));
        }
        for text in [
            "",
            "+1",
            "-1",
            "16/B374D848",
            " 1",
            "1ffffffffffffffff",
            "ü",
        ] {
            assert_eq!(
                text.parse::<ConsistencyToken>(),
                Err(InvalidConsistencyToken),
                "{text}"
            );
        }
    }
}
