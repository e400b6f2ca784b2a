//! Reads the files of a description and keeps their text, so that every place can be shown.
//!
//! File 0 is the root, `microdb.toml`; those it includes follow in the order of the patterns, and
//! sorted by path within a pattern.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this is one of the two places that touch the disk"
)]

mod content;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};

use self::content::{Problem, decode, read, without_mark};
use crate::diagnostics::{Diagnostic, SourceFile, Span};

/// The files of a description.
#[derive(Debug)]
pub struct Sources {
    files: Vec<SourceFile>,
    /// The files whose text is not all that was in them.
    partial: BTreeSet<usize>,
    /// What was read already, however it was spelt.
    seen: BTreeSet<PathBuf>,
    origin: Origin,
}

/// Where included files come from.
#[derive(Debug)]
enum Origin {
    /// The folder of the root, links resolved.
    Folder(PathBuf),
    /// Texts in memory, by path.
    Memory(BTreeMap<String, String>),
}

impl Sources {
    /// Reads the root from `path`; what was wrong with it is said besides.
    pub fn open(path: &Path) -> (Self, Vec<Diagnostic>) {
        let name = path
            .file_name()
            .map_or_else(|| slashes(path), |name| slashes(Path::new(name)));
        let resolved = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let folder = resolved.parent().map_or_else(PathBuf::new, Path::to_owned);
        let mut sources = Self::new(Origin::Folder(folder));
        sources.seen.insert(resolved);
        let content = read(path);
        let found = sources.add(name, content, None);
        (sources, found)
    }

    /// Takes texts by path instead of files; the first is the root.
    pub fn literal<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut files = files.into_iter();
        let (path, text) = files.next().unwrap_or(("microdb.toml", ""));
        let rest = files
            .map(|(path, text)| (path.to_owned(), text.to_owned()))
            .collect();
        let mut sources = Self::new(Origin::Memory(rest));
        sources.seen.insert(PathBuf::from(path));
        sources
            .files
            .push(SourceFile::new(path, without_mark(text)));
        sources
    }

    fn new(origin: Origin) -> Self {
        Self {
            files: Vec::new(),
            partial: BTreeSet::new(),
            seen: BTreeSet::new(),
            origin,
        }
    }

    /// The files read so far; [`Span::file`] counts them.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// Whether the text of the file is all that was in it.
    pub fn is_whole(&self, file: usize) -> bool {
        file < self.files.len() && !self.partial.contains(&file)
    }

    /// Adds the files that `pattern`, which stands at `at`, matches relative to the root's folder.
    pub fn include(&mut self, pattern: &str, at: Span) -> Vec<Diagnostic> {
        let refuse = |message: String| Diagnostic::error("include", message).at(at, "");
        if let Err(problem) = inside(pattern) {
            return vec![refuse(format!("cannot include `{pattern}`: {problem}"))];
        }
        let compiled = match Pattern::new(pattern) {
            Ok(compiled) => compiled,
            Err(error) => {
                return vec![refuse(format!("cannot include `{pattern}`: {}", error.msg))];
            }
        };
        let (found, mut diagnostics) = match &self.origin {
            Origin::Folder(folder) => in_folder(folder, pattern, at),
            Origin::Memory(files) => (in_memory(files, &compiled), Vec::new()),
        };
        if found.is_empty() && diagnostics.is_empty() {
            diagnostics.push(nothing(pattern, at));
        }
        for file in found {
            if self.seen.insert(file.resolved) {
                diagnostics.extend(self.add(file.path, file.content, Some(at)));
            }
        }
        diagnostics
    }

    fn add(
        &mut self,
        path: String,
        content: io::Result<Vec<u8>>,
        at: Option<Span>,
    ) -> Vec<Diagnostic> {
        let file = self.files.len();
        let (text, problem) = match content {
            Ok(bytes) => decode(bytes),
            Err(error) => (String::new(), Some(Problem::Unreadable(error))),
        };
        let source = SourceFile::new(path, without_mark(&text));
        let diagnostic = problem.map(|problem| {
            self.partial.insert(file);
            problem.diagnostic(&source, u32::try_from(file).unwrap_or(u32::MAX), at)
        });
        self.files.push(source);
        diagnostic.into_iter().collect()
    }
}

/// The text of a file that somebody names.
///
/// # Errors
/// When there is none, it is no regular file, or it is not text.
pub fn read_text(path: &Path) -> io::Result<String> {
    let text = String::from_utf8(read(path)?);
    let text = text.map_err(|_| io::Error::other("it is not text in UTF-8"))?;
    Ok(without_mark(&text).to_owned())
}

/// A file that a pattern matched.
struct Found {
    path: String,
    resolved: PathBuf,
    content: io::Result<Vec<u8>>,
}

fn in_folder(folder: &Path, pattern: &str, at: Span) -> (Vec<Found>, Vec<Diagnostic>) {
    let mut found = Vec::new();
    let mut diagnostics = Vec::new();
    let full = format!("{}/{pattern}", Pattern::escape(&folder.to_string_lossy()));
    let Ok(paths) = glob::glob_with(&full, OPTIONS) else {
        return (found, diagnostics);
    };
    for path in paths {
        let problem = match path {
            Ok(path) => match file_at(folder, &path) {
                Ok(file) => {
                    found.push(file);
                    continue;
                }
                Err(problem) => problem,
            },
            Err(error) => format!("cannot read `{}`: {}", slashes(error.path()), error.error()),
        };
        diagnostics.push(Diagnostic::error("include", problem).at(at, ""));
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    (found, diagnostics)
}

fn file_at(folder: &Path, path: &Path) -> Result<Found, String> {
    let name = slashes(path.strip_prefix(folder).unwrap_or(path));
    let resolved = path
        .canonicalize()
        .map_err(|error| format!("cannot read `{name}`: {error}"))?;
    if !resolved.starts_with(folder) {
        return Err(format!(
            "cannot include `{name}`: it is a link out of the folder"
        ));
    }
    Ok(Found {
        path: name,
        content: read(path),
        resolved,
    })
}

fn in_memory(files: &BTreeMap<String, String>, pattern: &Pattern) -> Vec<Found> {
    let matching = files
        .iter()
        .filter(|(path, _)| pattern.matches_with(path, OPTIONS));
    let found = matching.map(|(path, text)| Found {
        path: path.clone(),
        resolved: PathBuf::from(path),
        content: Ok(text.clone().into_bytes()),
    });
    found.collect()
}

/// `*` stays within a folder and finds nothing hidden, as a shell has it.
const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// Whether a pattern stays in the folder.
fn inside(pattern: &str) -> Result<(), &'static str> {
    if pattern.is_empty() {
        return Err("the pattern is empty");
    }
    if pattern.contains('\\') {
        return Err("parts of a path are separated by `/`");
    }
    let absolute = pattern.starts_with('/') || Path::new(pattern).is_absolute();
    if absolute || pattern.split('/').any(|part| part == "..") {
        return Err("it leads out of the folder of `microdb.toml`");
    }
    Ok(())
}

fn nothing(pattern: &str, at: Span) -> Diagnostic {
    if pattern.contains(['*', '?', '[']) {
        let message = format!("`{pattern}` matches no file");
        return Diagnostic::warning("include", message).at(at, "");
    }
    Diagnostic::error("include", format!("there is no file `{pattern}`")).at(at, "")
}

fn slashes(path: &Path) -> String {
    let text = path.to_string_lossy();
    if cfg!(windows) {
        text.replace('\\', "/")
    } else {
        text.into_owned()
    }
}
