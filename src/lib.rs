//! `cargo microdb`: from a description of bounded contexts to a workspace of microservices.
//!
//! The pipeline, one folder a stage:
//! `source` reads files, `description` parses them into a spanned raw form, `validation` turns
//! that into a `model`, `plan` says what is to be rendered, `render` fills the embedded templates,
//! `workspace` writes. `diagnostics` carries what any of them has to say; `commands` compose them.

// `clippy.toml` says what is banned; tests and benches of this package are free of it.
#![warn(clippy::disallowed_methods, clippy::disallowed_types)]
#![warn(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::dbg_macro,
    clippy::todo
)]
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unimplemented
    )
)]
#![warn(clippy::iter_over_hash_type)]

pub mod changes;
pub mod cli;
pub mod commands;
pub mod description;
pub mod diagnostics;
pub mod edit;
pub mod lock;
pub mod model;
pub mod plan;
pub mod render;
pub mod rust;
pub mod source;
pub mod validation;
pub mod workspace;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

/// Runs the program: 0 when it did what was asked, 1 when what it was asked to check is not so, 2 when the
/// input or the disk forbade it.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    // Cargo calls `cargo-microdb microdb …`; the binary may also be called by itself.
    if arguments.get(1).is_some_and(|first| first == "microdb") {
        arguments.remove(1);
    }
    commands::colour_as_cargo();
    let cli = match cli::Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            // A closed pipe is nobody's error.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let shell = commands::Shell::new(&cli);
    let done = match &cli.command {
        cli::Command::New(new) => commands::new(shell, new),
        cli::Command::Add(add) => commands::add(shell, add),
        cli::Command::Remove(remove) => commands::remove(shell, remove),
        cli::Command::Sync(sync) => commands::sync(shell, sync),
        cli::Command::Plan(plan) => commands::plan(shell, plan),
        cli::Command::Stub(stub) => commands::stub(shell, stub),
        cli::Command::Eject(eject) => commands::eject(shell, eject),
        cli::Command::Completions { shell: kind } => commands::completions(shell, *kind),
        cli::Command::Man => commands::man(shell),
        cli::Command::Other(arguments) => commands::other(shell, arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => ExitCode::from(failure.code()),
    }
}
