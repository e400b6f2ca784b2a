//! Apache Kafka.
//!
//! What was acknowledged is on all brokers that are in step (`acks=all`). Readers share partitions
//! by Kafka's own groups, cooperatively: only what moves is taken away, and it moves when its owner
//! is done with it. Where a reader stands is its own business; what the group keeps of it is for
//! operators. An offset that is gone is told, never put elsewhere.
//!
//! The clients reconnect by themselves. While no broker answers, questions and publications fail
//! after some seconds, and readers have nothing to read.

mod broker;
mod codec;
mod driver;
mod error;
mod location;
mod member;
mod metadata;
mod outcomes;
mod owned_partition;
mod producer;
mod publish;
mod rebalance;
mod retention;
mod settings;
mod shutdown;
mod subscription;
#[cfg(feature = "testing")]
mod test_server;
mod topics;

pub use self::broker::KafkaBroker;
pub use self::driver::Kafka;
pub use self::settings::{Mechanism, Sasl, Settings};
