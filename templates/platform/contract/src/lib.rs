//! What the contracts of contexts are written with: ids and values, the schema of data, events and
//! commands, and the envelope that messages travel in. No word of any domain is in here, and nothing of
//! databases, brokers or HTTP: who depends on a contract gets little with it.

mod emitted;
pub mod envelope;
mod event_type;
pub mod fixtures;
mod follow_up;
mod language;
pub mod prelude;
pub mod schema;
pub mod value;

pub use emitted::{AnyEvent, Emitted, EncodeError};
pub use event_type::EventType;
pub use follow_up::{FollowUp, IntoFollowUp};
pub use language::{AggregateType, Command, Event, Id, NoStatus, Recorded, Refusal, UpcastError};
