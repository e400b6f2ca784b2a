//! What a command says, in cargo's form.

use std::fmt::Arguments;
use std::io::Write;

use anstyle::{AnsiColor, Style};
use clap::ColorChoice;

use crate::diagnostics::{self, Diagnostic, SourceFile};

/// Where a command speaks: the standard error, as cargo does.
#[derive(Debug, Clone, Copy)]
pub struct Shell {
    quiet: bool,
}

/// A command that did not do what was asked; what there is to say about it was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure;

impl Shell {
    /// A shell that speaks as the command line asks.
    pub fn new(quiet: bool, color: ColorChoice) -> Self {
        let choice = match color {
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
            ColorChoice::Auto => return Self { quiet },
        };
        choice.write_global();
        Self { quiet }
    }

    /// A status: a green word, right-aligned, and what it is about.
    pub fn status(self, word: &str, about: &str) {
        if !self.quiet {
            let green = AnsiColor::Green.on_default().bold();
            say(format_args!("{green}{word:>12}{green:#} {about}\n"));
        }
    }

    /// An error without a place in a file.
    pub fn error(self, message: &str, help: Option<&str>) -> Failure {
        let red = AnsiColor::Red.on_default().bold();
        let bold = Style::new().bold();
        say(format_args!("{red}error{red:#}{bold}: {message}{bold:#}\n"));
        if let Some(help) = help {
            let cyan = AnsiColor::Cyan.on_default().bold();
            say(format_args!(
                "  {cyan}|{cyan:#}\n  {cyan}={cyan:#} {bold}help{bold:#}: {help}\n"
            ));
        }
        Failure
    }

    /// A warning without a place in a file.
    pub fn warning(self, message: &str) {
        if !self.quiet {
            let yellow = AnsiColor::Yellow.on_default().bold();
            say(format_args!("{yellow}warning{yellow:#}: {message}\n"));
        }
    }

    /// Diagnostics with their places.
    pub fn diagnostics(self, diagnostics: Vec<Diagnostic>, files: &[SourceFile]) {
        if diagnostics.is_empty() {
            return;
        }
        let sorted = diagnostics::sorted(diagnostics);
        say(format_args!("{}", diagnostics::human(&sorted, files)));
    }
}

/// Speaks; that nobody can hear it is no reason to fail.
fn say(text: Arguments<'_>) {
    let _ = anstream::stderr().write_fmt(text);
}
