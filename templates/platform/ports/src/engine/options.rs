//! How an engine is used.

/// How an engine is used.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Into how many shards the outbox is divided: a partition is of shard `partition mod shards`.
    pub shards: u32,
    /// How many messages the outbox holds before commits with events are refused.
    pub outbox_limit: u64,
    /// How many reads go on at the same time, each over a connection of its own.
    pub readers: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            shards: 1,
            outbox_limit: 100_000,
            readers: 4,
        }
    }
}
