//! The disk: where workspaces are written. With [`crate::source`] the only place that touches it.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this is one of the two places that touch the disk"
)]

mod create;
mod error;
mod format;
mod manifest;
mod stage;
mod target;

pub use create::create;
pub use error::CreateError;
pub use format::{FormatError, format};
pub use manifest::embedded;
