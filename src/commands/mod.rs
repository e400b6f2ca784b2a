//! The commands: each composes the stages, and is the only one that prints.

mod completions;
mod new;
mod shell;

pub use completions::{completions, man};
pub use new::new;
pub use shell::{Failure, Shell};
