//! The cache before the database, and what keeps it true.

mod invalidator;
mod metrics;

pub use invalidator::CacheInvalidator;
pub use metrics::{count, declare};
