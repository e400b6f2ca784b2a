//! A partition that a member reads.

/// A partition that this member reads.
pub struct OwnedPartition {
    /// Its topic.
    pub topic: String,
    /// Its number in the topic.
    pub number: u32,
    /// The offset to read next, once it is known.
    pub position: Option<i64>,
    /// Whether nothing shall be read.
    pub paused: bool,
}
