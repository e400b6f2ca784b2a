//! What the tool has to say about its input: one type for every stage, rendered at the edge.

mod file;
mod human;
mod json;
mod order;
mod spelling;

use std::fmt;

pub use file::{Position, SourceFile};
pub use human::human;
pub use json::json;
pub use order::sorted;
pub use spelling::did_you_mean;

/// A place in the input: a file and a range of bytes in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The number of the file, as `source` counts them.
    pub file: u32,
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// How much a diagnostic weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing is generated.
    Error,
    /// Worth a look.
    Warning,
}

/// One thing found: what, where, why, and the ways out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it weighs.
    pub severity: Severity,
    /// A stable kebab-case code, as `explain` takes it.
    pub code: &'static str,
    /// What is wrong: lowercase, succinct, one sentence without a full stop.
    pub message: String,
    /// The places, the main one first; each with what is to be said there (may be empty).
    pub labels: Vec<Label>,
    /// Why it matters.
    pub notes: Vec<String>,
    /// The ways out, each a thing to do.
    pub helps: Vec<String>,
}

/// A place of a diagnostic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is to be said there; may be empty.
    pub text: String,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: &'static str, message: impl fmt::Display) -> Self {
        Self::new(Severity::Error, code, message)
    }

    /// A warning.
    pub fn warning(code: &'static str, message: impl fmt::Display) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    fn new(severity: Severity, code: &'static str, message: impl fmt::Display) -> Self {
        Self {
            severity,
            code,
            message: message.to_string(),
            labels: Vec::new(),
            notes: Vec::new(),
            helps: Vec::new(),
        }
    }

    /// Adds a place.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl fmt::Display) -> Self {
        self.labels.push(Label {
            span,
            text: text.to_string(),
        });
        self
    }

    /// Adds a reason.
    #[must_use]
    pub fn note(mut self, note: impl fmt::Display) -> Self {
        self.notes.push(note.to_string());
        self
    }

    /// Adds a way out.
    #[must_use]
    pub fn help(mut self, help: impl fmt::Display) -> Self {
        self.helps.push(help.to_string());
        self
    }
}
