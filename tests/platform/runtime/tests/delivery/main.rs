//! Messages from the outbox over the relay to the broker, and the recovery requests that come back.
#![allow(missing_docs)]

mod envelope;
mod heartbeats;
mod publisher;
mod refused;
mod relay;
mod shop;
