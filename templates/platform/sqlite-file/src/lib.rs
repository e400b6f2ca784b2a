//! What all who keep something in a SQLite file have in common: opening it so that commits stay, how
//! processes take turns in writing, the thread that writes, those that read, and how statements are
//! counted.

mod error;
mod job;
mod lock;
mod open;
mod readers;
mod statements;
mod writer;

pub use error::FileError;
pub use job::News;
pub use lock::{FairLock, PATIENCE, WriteTurn};
pub use open::{journal_mode, open};
pub use readers::Readers;
pub use writer::{Failing, Grouping, Writer};
