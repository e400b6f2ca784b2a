//! One command, one transaction: load, guard, decide, save the aggregate with its events.
//!
//! [`Unit`] is an [`Executor`](crate::Executor) for a command and the [`Way`] it acts on its
//! aggregate. Whatever the decision did wrong is found here, before anything is stored.

mod attempt;
pub mod blame;
pub mod guard;
pub mod idempotency;
mod publish;
pub mod refusals;
mod restore;
mod stripes;
mod unit;
pub mod way;

pub use publish::MESSAGE_LIMIT;
pub use restore::{IdOf, restore};
pub use unit::Unit;
pub use unit::declare;
pub use way::{Acts, Creates, Decided, Deletes, NotDecided, Updates, Way};

use crate::Executed;
use platform_ports::engine::DocumentWrite;

/// Turns the outcome of a command into a document that is written with it, if any.
pub type Record<'a> = &'a (dyn Fn(&Executed) -> Option<DocumentWrite> + Send + Sync);
