//! The ports of a service: what it asks of a database, a broker and a cache, as traits, and what those
//! who implement them share. The runtime is written once over these; each engine and broker is a crate
//! of its own, and a service names the ones that it stands on.

pub mod broker;
pub mod cache;
pub mod engine;
pub mod fail_point;
pub mod location;
pub mod outage;
#[cfg(feature = "testing")]
pub mod test_server;
