//! What tests are written with: decisions without a server, a client for one, messages as they come,
//! failures of a whole service.

pub mod consuming;
pub mod failures;
mod given;
pub mod http;
mod reacting;
mod values;
mod when;

pub use given::{Given, given, given_nothing};
pub use reacting::{context, known, recorded, stale};
pub use values::{date, decimal, id, timestamp};
pub use when::When;
