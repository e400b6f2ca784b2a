//! The disk: where workspaces are written. With [`crate::source`] the only place that touches it.

mod create;
mod manifest;

pub use create::{CreateError, create};
pub use manifest::embedded;
