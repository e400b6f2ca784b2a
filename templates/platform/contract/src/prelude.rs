//! What contracts are written with.

pub use crate::value::{Bytes, Date, Decimal, Duration, Json, Patch, Timestamp, TypedId, Uuid};
pub use crate::{AggregateType, Command, Event, NoStatus, Recorded, Refusal};
