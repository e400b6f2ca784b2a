//! What decisions and handlers are written with, besides what contracts are.

pub use platform_contract::prelude::*;

pub use crate::context::{Caller, Context};
pub use crate::decision::{Aggregate, EventOf, EventWith, Meta};
pub use crate::handler::{Aged, Attempt, ErasedOutcome, Replica};
