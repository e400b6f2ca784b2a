//! Values that mean the same on every engine.

mod bytes;
mod id;
mod timestamp;

pub use bytes::Bytes;
pub use id::TypedId;
pub use jiff::SignedDuration as Duration;
pub use jiff::civil::Date;
pub use rust_decimal::Decimal;
pub use serde_json::Value as Json;
pub use timestamp::Timestamp;
pub use uuid::Uuid;
