//! The content of a file: read within bounds, and as text.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::diagnostics::{Diagnostic, SourceFile, Span};

/// The largest file that is read, in bytes; far more than a description has.
const LIMIT: u64 = 4 * 1024 * 1024;

/// What is wrong with the content of a file.
pub(super) enum Problem {
    /// It cannot be read at all.
    Unreadable(io::Error),
    /// Not UTF-8; the text ends before the first wrong byte.
    Encoding {
        /// Whether it looks like UTF-16.
        wide: bool,
    },
}

impl Problem {
    /// Says so, at the wrong byte or at the pattern that includes the file.
    pub fn diagnostic(self, file: &SourceFile, number: u32, at: Option<Span>) -> Diagnostic {
        let path = file.path();
        match self {
            Self::Unreadable(error) => {
                let message = format!("cannot read `{path}`: {error}");
                let diagnostic = Diagnostic::error("unreadable-file", message);
                at.map_or(diagnostic.clone(), |at| diagnostic.at(at, "included here"))
            }
            Self::Encoding { wide } => {
                let end = u32::try_from(file.text().len()).unwrap_or(u32::MAX);
                let span = Span {
                    file: number,
                    start: end,
                    end,
                };
                let what = if wide { "UTF-16" } else { "not UTF-8" };
                let message = format!("`{path}` is {what}");
                let diagnostic = Diagnostic::error("unreadable-file", message).at(span, "");
                diagnostic.help("save the file as UTF-8")
            }
        }
    }
}

/// The text, or as much of it as there is before the first byte that is none.
pub(super) fn decode(bytes: Vec<u8>) -> (String, Option<Problem>) {
    let wide = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    match String::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let mut bytes = error.into_bytes();
            bytes.truncate(valid);
            let text = String::from_utf8(bytes).unwrap_or_default();
            (text, Some(Problem::Encoding { wide }))
        }
    }
}

/// Reads a file of the size that a description may have.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let kind = fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => io::Error::other("there is no such file"),
        _ => error,
    })?;
    if kind.is_dir() {
        return Err(io::Error::other("it is a folder"));
    }
    // Reading a pipe or a device could wait for ever.
    if !kind.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?
        .take(LIMIT + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT {
        let limit = LIMIT / 1024 / 1024;
        return Err(io::Error::other(format!("it is larger than {limit} MiB")));
    }
    Ok(bytes)
}

/// The text without a byte order mark.
pub(super) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}
