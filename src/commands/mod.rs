//! The commands: each composes the stages, and is the only one that prints.

mod new;
mod shell;

pub use new::new;
pub use shell::{Failure, Shell};
