//! The parts that an outbox is divided into.

/// A part of the outbox: the partitions that leave `number` when divided by `of`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Its number, from 0.
    pub number: u32,
    /// How many shards there are: as many as the engine divides the outbox into.
    pub of: u32,
}

impl Shard {
    /// The only one, where the outbox is not divided.
    pub const WHOLE: Self = Self { number: 0, of: 1 };

    /// All parts of an outbox that is divided into so many.
    pub fn all(of: u32) -> impl Iterator<Item = Self> {
        (0..of).map(move |number| Self { number, of })
    }

    /// Whether a partition is in it.
    pub(super) fn has(self, partition: u32) -> bool {
        partition.checked_rem(self.of) == Some(self.number)
    }
}
