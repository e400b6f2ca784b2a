//! What is wrong with a lock.

use std::fmt;

/// What is wrong with a lock. Lines are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockError {
    /// The lock, as a path in the workspace.
    pub path: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// It is of another form than this program knows.
    Format {
        /// The form.
        format: String,
    },
    /// A line is not an entry.
    Entry {
        /// The line.
        line: usize,
    },
    /// A line says something that this version cannot keep to.
    Later {
        /// The line.
        line: usize,
        /// Its kind.
        kind: String,
    },
    /// Two lines say different things of what can be one thing only.
    Contradiction {
        /// What they speak of.
        of: String,
        /// What they say.
        says: [String; 2],
    },
    /// An entry is missing.
    Missing {
        /// The kind of the entry.
        entry: &'static str,
    },
}

impl LockError {
    /// The way out.
    pub fn help(&self) -> &'static str {
        match self.problem {
            Problem::Format { .. } | Problem::Later { .. } => {
                "install the version of `cargo-microdb` that wrote it"
            }
            Problem::Contradiction { .. } => "keep one of the two lines",
            Problem::Entry { .. } | Problem::Missing { .. } => {
                "take it as it was last committed: `git restore` it"
            }
        }
    }
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match &self.problem {
            Problem::Format { format } => {
                write!(
                    f,
                    "`{path}` is of form {format}, which this program does not know"
                )
            }
            Problem::Entry { line } => write!(f, "`{path}` is broken at line {line}"),
            Problem::Later { line, kind } => write!(
                f,
                "`{path}` has `{kind}` at line {line}, which this version cannot keep to"
            ),
            Problem::Contradiction {
                of,
                says: [one, other],
            } => {
                write!(f, "`{path}` says both `{one}` and `{other}` of {of}")
            }
            Problem::Missing { entry } => write!(f, "`{path}` is broken: it has no `{entry}`"),
        }
    }
}

impl std::error::Error for LockError {}
