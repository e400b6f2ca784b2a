//! What a command says, in cargo's form.

use std::env;
use std::fmt::Arguments;
use std::io::Write;

use anstyle::{AnsiColor, Style};
use clap::ColorChoice;

use crate::cli::Cli;
use crate::diagnostics::{self, Diagnostic, SourceFile};

/// Where a command speaks: the standard error, as cargo does.
#[derive(Debug, Clone, Copy)]
pub struct Shell {
    volume: Volume,
}

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Volume {
    Quiet,
    Normal,
    Verbose,
}

/// A command that did not do what was asked; what there is to say about it was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The input or the disk forbade it.
    Refused,
    /// What was to be checked is not so.
    Drift,
}

impl Failure {
    /// The exit code of the program.
    pub const fn code(self) -> u8 {
        match self {
            Self::Refused => 2,
            Self::Drift => 1,
        }
    }
}

impl Shell {
    /// A shell that speaks as the command line asks and, where that is silent, as cargo's own
    /// variables do.
    pub fn new(cli: &Cli) -> Self {
        let on = |name| env::var_os(name).is_some_and(|value| value == "true");
        let asked = cli.quiet || cli.verbose;
        let volume = if cli.quiet || (!asked && on("CARGO_TERM_QUIET")) {
            Volume::Quiet
        } else if cli.verbose || on("CARGO_TERM_VERBOSE") {
            Volume::Verbose
        } else {
            Volume::Normal
        };
        if let Some(choice) = cli.color {
            colour(choice);
        }
        Self { volume }
    }

    /// A status: a green word, right-aligned, and what it is about.
    pub fn status(self, word: &str, about: &str) {
        if self.volume >= Volume::Normal {
            let green = AnsiColor::Green.on_default().bold();
            say(format_args!("{green}{word:>12}{green:#} {about}\n"));
        }
    }

    /// A status for those who asked for more.
    pub fn detail(self, word: &str, about: &str) {
        if self.volume == Volume::Verbose {
            self.status(word, about);
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
        Failure::Refused
    }

    /// A remark on what was said before.
    pub fn note(self, message: &str) {
        let green = AnsiColor::Green.on_default().bold();
        say(format_args!("{green}note{green:#}: {message}\n"));
    }

    /// A warning without a place in a file.
    pub fn warning(self, message: &str) {
        if self.volume >= Volume::Normal {
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

/// Uses colours as `CARGO_TERM_COLOR` says; what it does not say is left to the terminal and to
/// `NO_COLOR`.
pub fn colour_as_cargo() {
    let choice = env::var("CARGO_TERM_COLOR").ok();
    if let Some(choice) = choice.and_then(|choice| choice.parse().ok()) {
        colour(choice);
    }
}

fn colour(choice: ColorChoice) {
    let choice = match choice {
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
        ColorChoice::Auto => anstream::ColorChoice::Auto,
    };
    choice.write_global();
}

/// Speaks; that nobody can hear it is no reason to fail.
fn say(text: Arguments<'_>) {
    let _ = anstream::stderr().write_fmt(text);
}
