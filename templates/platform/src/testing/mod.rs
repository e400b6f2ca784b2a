//! What tests are written with: decisions without a server, a client for one, messages as they come,
//! failures of a whole service.

pub mod consuming;
#[cfg(all(feature = "embedded", feature = "sqlite"))]
pub mod failures;
mod given;
pub mod http;
mod published;
mod reacting;
mod values;

pub use given::{Given, When, given, given_nothing};
pub use published::published;
pub use reacting::{context, known, recorded};
pub use values::{date, decimal, id, timestamp};
