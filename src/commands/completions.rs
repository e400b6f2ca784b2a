//! `cargo microdb completions` and `cargo microdb man`: what shells and readers of manuals want.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell as Kind;

use super::{Failure, Shell};
use crate::cli::Cli;

/// Prints the completions for a shell. They complete `cargo-microdb`, the program itself.
///
/// # Errors
/// When nobody can be printed to.
pub fn completions(shell: Shell, kind: Kind) -> Result<(), Failure> {
    let mut text = Vec::new();
    clap_complete::generate(kind, &mut Cli::command(), "cargo-microdb", &mut text);
    print(shell, &text)
}

/// Prints the manual page, in troff.
///
/// # Errors
/// When nobody can be printed to.
pub fn man(shell: Shell) -> Result<(), Failure> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Cli::command())
        .render(&mut text)
        .map_err(|error| shell.error(&format!("the manual cannot be rendered: {error}"), None))?;
    print(shell, &text)
}

/// Prints to the standard output; a reader that has read enough is nobody's error.
fn print(shell: Shell, text: &[u8]) -> Result<(), Failure> {
    match io::stdout().write_all(text) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(shell.error(&format!("cannot print: {error}"), None))
        }
        _ => Ok(()),
    }
}
