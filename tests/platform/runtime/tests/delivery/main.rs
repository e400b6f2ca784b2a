//! The way of messages, from the outbox over the relay to the broker, and back to their owner.
#![allow(missing_docs)]

mod envelope;
mod heartbeats;
mod publisher;
mod refused;
mod relay;
mod shop;
