//! Why a workspace was not made.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a workspace was not made. Nothing of it is on the disk.
#[derive(Debug)]
pub enum CreateError {
    /// The folder has something in it.
    NotEmpty(PathBuf),
    /// There is something else than a folder.
    NotAFolder(PathBuf),
    /// `..` leads out of a folder that is not there.
    Missing(PathBuf),
    /// A part of the path is a link.
    Link {
        /// The link.
        link: PathBuf,
        /// The path as it is without links; `None` when the link leads nowhere.
        straight: Option<PathBuf>,
    },
    /// Someone asked to stop.
    Interrupted,
    /// The disk refused.
    Io {
        /// What was being done.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl CreateError {
    /// The disk refused to do something there.
    pub(super) fn io(what: &'static str, path: &Path, error: io::Error) -> Self {
        Self::Io {
            what,
            path: path.to_owned(),
            error,
        }
    }

    /// What to do about it; `None` when that goes without saying.
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::NotEmpty(_) => "give a path that does not exist yet, or an empty folder",
            Self::NotAFolder(_) => "give another path, or move what is there",
            Self::Missing(_) => "give the path without `..`",
            Self::Link { straight, .. } => {
                return Some(match straight {
                    Some(path) => format!("it leads elsewhere; give `{}`", path.display()),
                    None => "give another path, or remove the link".to_owned(),
                });
            }
            Self::Interrupted => return None,
            Self::Io { .. } => "nothing was written; mend the cause and run the command again",
        };
        Some(help.to_owned())
    }
}

impl fmt::Display for CreateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotEmpty(path) => write!(f, "`{}` is not empty", path.display()),
            Self::NotAFolder(path) => write!(f, "`{}` exists and is no folder", path.display()),
            Self::Missing(path) => write!(f, "there is no folder `{}`", path.display()),
            Self::Link { link, straight } => {
                let nowhere = if straight.is_none() {
                    " to nowhere"
                } else {
                    ""
                };
                write!(f, "`{}` is a link{nowhere}", link.display())
            }
            Self::Interrupted => f.write_str("interrupted; nothing was written"),
            Self::Io { what, path, error } => {
                write!(f, "cannot {what} `{}`: {error}", path.display())
            }
        }
    }
}

impl std::error::Error for CreateError {}

/// Why a workspace was not changed. Nothing of it was, unless it says otherwise.
#[derive(Debug)]
pub enum SyncError {
    /// A path of the tool's is a link.
    Link(String),
    /// A file of the tool's is something else.
    NotAFile(String),
    /// A folder of the tool's is something else.
    NotAFolder(String),
    /// A file of the tool's is not text.
    NotText(String),
    /// A file of the tool's must not be written.
    ReadOnly(String),
    /// Another run is at work.
    Busy,
    /// A run was interrupted, and files have been changed since.
    Changed(Vec<String>),
    /// The journal of a run that was interrupted cannot be read.
    Journal,
    /// Someone asked to stop.
    Interrupted,
    /// Some of the files are changed, others not: the next run goes on.
    Halfway(Box<SyncError>),
    /// The disk refused.
    Io {
        /// What was being done.
        what: &'static str,
        /// Where, as a path in the workspace.
        path: String,
        /// What the system said.
        error: io::Error,
    },
}

impl SyncError {
    /// The disk refused to do something there.
    pub(super) fn io(what: &'static str, path: &str, error: io::Error) -> Self {
        Self::Io {
            what,
            path: path.to_owned(),
            error,
        }
    }

    /// The way out; `None` when that goes without saying.
    pub fn help(&self) -> Option<&'static str> {
        let help = match self {
            Self::Link(_) => "links are not followed; put the file or folder itself there",
            Self::NotAFile(_) | Self::NotAFolder(_) | Self::NotText(_) => "move what is there",
            Self::ReadOnly(_) => "make it writable, if you want it to be written",
            Self::Busy => "wait until it has ended",
            Self::Changed(_) => {
                "look at them; then `git restore` them, or delete `.microdb/journal` to keep them as they are"
            }
            Self::Journal => {
                "`git status` shows what was written; delete `.microdb/journal` and run `cargo microdb sync`"
            }
            Self::Interrupted => return None,
            Self::Halfway(_) => "mend the cause: the next `cargo microdb sync` goes on from there",
            Self::Io { .. } => "nothing was changed; mend the cause and run the command again",
        };
        Some(help)
    }
}

impl fmt::Display for SyncError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link(path) => write!(f, "`{path}` is a link"),
            Self::NotAFile(path) => write!(f, "`{path}` is no file"),
            Self::NotAFolder(path) => write!(f, "`{path}` is no folder"),
            Self::NotText(path) => write!(f, "`{path}` is not text in UTF-8"),
            Self::ReadOnly(path) => write!(f, "`{path}` is read-only, and has to be written"),
            Self::Busy => f.write_str("another `cargo microdb` is at work in this workspace"),
            Self::Changed(paths) => write!(
                f,
                "an earlier run was interrupted, and since then these files were changed: `{}`",
                paths.join("`, `")
            ),
            Self::Journal => {
                f.write_str("an earlier run was interrupted, and its journal cannot be read")
            }
            Self::Interrupted => f.write_str("interrupted; nothing was changed"),
            Self::Halfway(error) => error.fmt(f),
            Self::Io { what, path, error } => write!(f, "cannot {what} `{path}`: {error}"),
        }
    }
}

impl std::error::Error for SyncError {}
