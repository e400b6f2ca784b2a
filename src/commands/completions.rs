//! `cargo microdb completions` and `cargo microdb man`: what shells and readers of manuals want.

use clap::CommandFactory;
use clap_complete::Shell as Kind;

use super::{Failure, Shell, print};
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
