//! The way of messages, from the outbox over the relay to the broker, and back to their owner.
#![allow(missing_docs)]

#[path = "../child.rs"]
mod child;
mod conformance;
mod embedded;
mod envelope;
mod heartbeats;
#[cfg(feature = "kafka")]
mod kafka;
mod owner;
#[path = "../place/mod.rs"]
mod place;
mod refused;
mod relay;
#[cfg(feature = "kafka")]
#[path = "../servers.rs"]
mod servers;
mod shop;
