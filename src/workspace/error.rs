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
