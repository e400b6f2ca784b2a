//! The disk: where workspaces are written. With [`crate::source`] the only place that touches it.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this is one of the two places that touch the disk"
)]

mod apply;
mod compare;
mod create;
mod disk;
mod error;
mod essence;
mod format;
mod line_ends;
mod stage;
mod target;

pub use apply::{apply, is_unfinished, recover};
pub use compare::{Action, Comparison, Refused, Step, Wanted, compare, keys, outdated};
pub use create::create;
pub use disk::{DESCRIPTION, Disk, root};
pub use error::{CreateError, SyncError};
pub use essence::essence;
pub use format::{FormatError, format};
pub use line_ends::with_line_ends_of;
