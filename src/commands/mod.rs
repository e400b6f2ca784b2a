//! The commands: each composes the stages, and is the only one that prints.

mod completions;
mod examples;
mod generate;
mod new;
mod other;
mod shell;

pub use completions::{completions, man};
pub use new::new;
pub use other::other;
pub use shell::{Failure, Shell, colour_as_cargo};

use std::io::{self, Write};

/// Prints to the standard output; a reader that has read enough is nobody's error.
fn print(shell: Shell, text: &[u8]) -> Result<(), Failure> {
    match io::stdout().write_all(text) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(shell.error(&format!("cannot print: {error}"), None))
        }
        _ => Ok(()),
    }
}
