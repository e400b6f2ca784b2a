//! Values that mean the same on every engine.

mod bytes;
mod correlation;
mod duration;
mod id;
mod patch;
mod personal;
mod timestamp;

pub use bytes::Bytes;
pub use bytes::as_text;
pub use correlation::{CorrelationId, NoCorrelationId};
pub use duration::duration;
pub use id::TypedId;
pub use id::{NO_UUID, uuid};
pub use jiff::SignedDuration as Duration;
pub use jiff::civil::Date;
pub use patch::Patch;
pub use personal::Personal;
pub use rust_decimal::Decimal;
pub use serde_json::Value as Json;
pub use timestamp::Timestamp;
pub use uuid::Uuid;

/// The value a JSON text stands for, for constants: `null` when it is not JSON.
pub fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_default()
}

/// A value object of one context as the equal one of another; `None` when they are not equal in
/// structure after all.
pub fn rebuild<A: serde::Serialize, B: serde::de::DeserializeOwned>(value: &A) -> Option<B> {
    serde_json::to_value(value)
        .and_then(serde_json::from_value)
        .ok()
}
