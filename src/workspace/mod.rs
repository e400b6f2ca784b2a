//! The disk: where workspaces are written. With [`crate::source`] the only place that touches it.

mod create;
mod error;
mod manifest;
mod stage;
mod target;

pub use create::create;
pub use error::CreateError;
pub use manifest::embedded;
