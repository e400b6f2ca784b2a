//! A broker in a SQLite file, shared by the processes of one machine.
//!
//! What was acknowledged survives a crash of program, system or power. Each process writes through
//! one thread, which commits what came in meanwhile together, and wakes the other processes, which also
//! look by themselves now and then.

mod append;
mod assignment;
mod broker;
mod driver;
mod error;
mod fetch;
mod file;
mod groups;
mod heartbeats;
mod owned_partition;
mod rebalance;
mod subscription;
mod topics;
mod trim;
mod wake_up;
mod watcher;
mod writer;

pub use self::broker::{Committed, EmbeddedBroker, Options};
pub use self::driver::Embedded;
