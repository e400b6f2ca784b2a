//! Reading `microdb.lock`.

use std::collections::BTreeMap;
use std::fmt;

use super::{FORMAT, Lock, PATH};
use crate::plan::Class;

/// What is wrong with a lock. Lines are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockError {
    /// A merge was not finished.
    Conflict {
        /// The line of the first conflict.
        line: usize,
    },
    /// It is of a newer form than this program knows.
    Format {
        /// The form.
        format: String,
    },
    /// A line is not an entry, or says something twice.
    Entry {
        /// The line.
        line: usize,
    },
    /// An entry is missing.
    Missing {
        /// The kind of the entry.
        entry: &'static str,
    },
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict { line } => write!(
                f,
                "`{PATH}` has conflict markers at line {line}: keep the lines of both sides, and run the command again"
            ),
            Self::Format { format } => write!(
                f,
                "`{PATH}` is of form {format}, this program knows {FORMAT}: a newer `cargo microdb` wrote it"
            ),
            Self::Entry { line } => write!(f, "`{PATH}` is broken at line {line}"),
            Self::Missing { entry } => write!(f, "`{PATH}` is broken: it has no `{entry}`"),
        }
    }
}

impl std::error::Error for LockError {}

/// What was read so far.
#[derive(Default)]
struct Reading {
    format: Option<String>,
    tool: Option<String>,
    partitions: Option<u32>,
    ports: BTreeMap<String, u16>,
    events: BTreeMap<String, u32>,
    handlers: BTreeMap<String, String>,
    files: BTreeMap<String, (Class, String)>,
    facts: BTreeMap<String, String>,
}

impl Lock {
    /// Reads the text of the file. The order of entries does not matter.
    ///
    /// # Errors
    /// When it is not one that [`Lock::render`] gives, as after a merge with conflicts.
    pub fn read(text: &str) -> Result<Self, LockError> {
        let mut reading = Reading::default();
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            if ["<<<<<<<", "=======", ">>>>>>>", "|||||||"]
                .iter()
                .any(|marker| line.starts_with(marker))
            {
                return Err(LockError::Conflict { line: number });
            }
            if !line.is_empty() && !line.starts_with('#') {
                reading
                    .entry(line)
                    .ok_or(LockError::Entry { line: number })?;
            }
            if let Some(format) = reading.format.as_ref().filter(|format| *format != FORMAT) {
                let format = format.clone();
                return Err(LockError::Format { format });
            }
        }
        reading.done()
    }
}

impl Reading {
    /// Takes an entry; `None` when it is none.
    fn entry(&mut self, line: &str) -> Option<()> {
        let (kind, rest) = line.split_once(' ')?;
        match kind {
            "format" => once(&mut self.format, rest.to_owned()),
            "tool" => once(&mut self.tool, rest.to_owned()),
            "partitions" => once(&mut self.partitions, rest.parse().ok()?),
            "port" => {
                let (context, port) = rest.split_once(' ')?;
                add(&mut self.ports, context, port.parse().ok()?)
            }
            "event" => {
                let (event, version) = rest.split_once(' ')?;
                add(&mut self.events, event, version.parse().ok()?)
            }
            "handler" => {
                let (handler, id) = rest.split_once(' ')?;
                add(&mut self.handlers, handler, id.to_owned())
            }
            "file" => {
                // A path may have spaces, what follows it has none.
                let mut parts = rest.rsplitn(3, ' ');
                let (hash, class) = (parts.next()?, Class::named(parts.next()?)?);
                add(&mut self.files, parts.next()?, (class, hash.to_owned()))
            }
            "fact" => {
                let (path, value) = rest.split_once(" = ")?;
                add(&mut self.facts, path, value.to_owned())
            }
            _ => None,
        }
    }

    fn done(self) -> Result<Lock, LockError> {
        let missing = |entry| LockError::Missing { entry };
        self.format.ok_or(missing("format"))?;
        Ok(Lock {
            tool: self.tool.ok_or(missing("tool"))?,
            partitions: self.partitions.ok_or(missing("partitions"))?,
            ports: self.ports,
            events: self.events,
            handlers: self.handlers,
            files: self.files,
            facts: self.facts,
        })
    }
}

fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    match place.replace(value) {
        None => Some(()),
        Some(_) => None,
    }
}

fn add<T>(map: &mut BTreeMap<String, T>, name: &str, value: T) -> Option<()> {
    match map.insert(name.to_owned(), value) {
        None => Some(()),
        Some(_) => None,
    }
}
