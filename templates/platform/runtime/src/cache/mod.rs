//! The cache before the database, and what keeps it true.

mod keeper;
mod metrics;

pub use keeper::Keeper;
pub use metrics::{count, declare};
