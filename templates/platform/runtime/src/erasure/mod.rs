//! Personal data of what was deleted becomes empty values, wherever a service keeps it besides its rows:
//! in its event log, in answers to requests, and in what its handlers hold (parked messages, dead
//! letters, jobs).
//!
//! Who deletes an aggregate, or hears that another context has, records in the same transaction what is to
//! be erased, and wakes the [`Eraser`]. That works it off; each of its writes can be made again, so it goes
//! on after a crash. What is under way stays whole: messages in the outbox, an attempt at a job that runs, a
//! command whose turn comes, and all that is done because of the deletion itself.

mod aggregate;
mod eraser;
mod recorded;

pub use eraser::Eraser;
pub(crate) use recorded::Erasure;

use crate::decision::Aggregate;
use platform_contract::envelope::{Envelope, is_personal};

/// Puts empty values in the place of personal data in a message about an aggregate, see
/// [`platform_contract::envelope::emptied`].
pub(crate) type Emptied = fn(&Envelope) -> Option<Envelope>;

/// Whether an aggregate has personal data, or its events do.
pub(crate) fn has_personal_data<A: Aggregate>() -> bool {
    A::SCHEMA.is_personal() || is_personal::<A::Type>()
}

/// What stands for texts that may quote personal data.
pub(crate) const ERASED: &str = "its aggregate was deleted, and what was said of it erased";
