//! What tests are written with: decisions without a server, a client for one, and what every engine
//! and every broker has to satisfy.

pub mod broker_conformance;
pub mod consuming;
pub mod engine_conformance;
mod given;
pub mod http;
mod reacting;
mod values;

pub use given::{Given, When, given, given_nothing};
pub use reacting::{context, known, recorded};
pub use values::{date, decimal, id, timestamp};
