//! What contracts, decisions and handlers are written with.

pub use crate::context::{Caller, Context};
pub use crate::contract::{AggregateType, Command, Event, NoStatus, Recorded, Refusal};
pub use crate::decision::{Aggregate, EventOf, Meta};
pub use crate::handler::{Aged, Attempt, Outcome, Replica};
pub use crate::value::{Bytes, Date, Decimal, Duration, Json, Patch, Timestamp, TypedId, Uuid};
