//! What all who keep something in a SQLite file have in common: opening it so that commits stay, how
//! processes take turns in writing, the thread that writes, those that read, and how statements are
//! counted.

mod error;

mod lock;
mod open;
mod queued_write;
mod readers;
mod statements;
mod writer;

pub use error::FileError;
pub use lock::{FairLock, FairLockGuard, PATIENCE};
pub use open::{journal_mode, lock_writers, open};
pub use queued_write::Notify;
pub use readers::Readers;
pub use writer::{FailureScope, GroupCommit, Writer};
