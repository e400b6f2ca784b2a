//! Values that mean the same on every engine.

mod bytes;
mod timestamp;

pub use bytes::Bytes;
pub use jiff::SignedDuration as Duration;
pub use jiff::civil::Date;
pub use rust_decimal::Decimal;
pub use timestamp::Timestamp;
