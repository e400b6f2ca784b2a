//! Copies of a database that lag behind it, and how a caller is kept from reading less than it has
//! seen: by positions in the history of the database.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use uuid::Uuid;

use super::{EngineError, Find, Found, Page};
use platform_contract::schema::Schema;

/// Copies that answer reads for callers. What decides, handles or relays reads the database itself.
#[async_trait]
pub trait Replicas: Send + Sync {
    /// Where the database is: behind all that was committed before this was asked.
    async fn position(&self) -> Result<Position, EngineError>;

    /// The row under an id, from a copy that has got as far as `seen`; `None`: none can answer.
    async fn load(&self, seen: Position, schema: &'static Schema, id: Uuid) -> Option<Found>;

    /// A page of rows, from a copy that has got as far as `seen`; `None`: none can answer.
    async fn find(&self, seen: Position, find: &Find) -> Option<Page>;
}

/// A place in the history of a database; what is committed later is behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(u64);

impl Position {
    /// Before everything.
    pub const START: Self = Self(0);
    /// Where no copy ever gets: the database itself is to answer.
    pub const NEVER: Self = Self(u64::MAX);

    /// The place with this number, by which places are ordered.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

/// A text that is no [`Position`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoPosition;

impl FromStr for Position {
    type Err = NoPosition;

    fn from_str(text: &str) -> Result<Self, NoPosition> {
        // A sign is what the numbers of Rust may have, and positions not.
        match text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            true => u64::from_str_radix(text, 16)
                .map(Self)
                .map_err(|_| NoPosition),
            false => Err(NoPosition),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{NoPosition, Position};

    #[test]
    fn positions_are_texts() {
        for position in [
            Position::START,
            Position::new(0x16_b374_d848),
            Position::NEVER,
        ] {
            assert_eq!(position.to_string().parse(), Ok(position));
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
            assert_eq!(text.parse::<Position>(), Err(NoPosition), "{text}");
        }
    }
}
