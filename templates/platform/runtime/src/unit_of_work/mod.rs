//! One command, one transaction: load, guard, decide, save the aggregate with its events.
//!
//! [`CommandExecutor`] is an [`Executor`](crate::Executor) for a command.
//! Whatever the decision did wrong is found here, before anything is stored.

mod aggregate_row;
mod attempt;
mod command_kind;
mod executor;
mod guard;
pub mod idempotency;
mod input_pointer;
mod publish;
pub mod refusals;
mod striped_lock;

pub use aggregate_row::{IdOf, from_row};
pub use command_kind::{CommandKind, Decided, NotDecided, STATUS};
pub use executor::{CommandExecutor, declare};
pub use guard::{in_allowed_status, parse};
pub use input_pointer::repeated_id;
pub use publish::MESSAGE_LIMIT;

use crate::Executed;
use platform_ports::engine::DocumentWrite;

/// Turns the outcome of a command into a document that is written with it, if any.
pub type Record<'a> = &'a (dyn Fn(&Executed) -> Option<DocumentWrite> + Send + Sync);
