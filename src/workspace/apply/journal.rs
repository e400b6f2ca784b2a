//! What is going to happen, written down before it does.

use std::fs;

use super::{STAGED, place, remove_empty};
use crate::lock::hash;
use crate::workspace::disk::Disk;
use crate::workspace::error::SyncError;

/// All that is going to happen, in order.
pub(super) struct Journal {
    pub(super) deeds: Vec<Deed>,
}

/// A change of one file. Hashes are those of its bytes.
pub(super) enum Deed {
    /// It gets what was staged under this number.
    Write {
        path: String,
        staged: usize,
        /// What it was; `None` where there was none.
        old: Option<String>,
        new: String,
    },
    /// It goes.
    Delete { path: String, old: String },
    /// It gets another path.
    Move {
        from: String,
        to: String,
        hash: String,
    },
}

/// Stands for the hash of what is not there.
const NOTHING: &str = "-";

/// Ends the journal: one without is not whole.
const END: &str = "end";

impl Journal {
    /// The text of the journal: the parts of a line are apart by tabs, which no path of the tool's has.
    pub(super) fn render(&self) -> String {
        let lines = self.deeds.iter().map(|deed| match deed {
            Deed::Write {
                path,
                staged,
                old,
                new,
            } => format!(
                "write\t{path}\t{staged}\t{}\t{new}\n",
                old.as_deref().unwrap_or(NOTHING)
            ),
            Deed::Delete { path, old } => format!("delete\t{path}\t{old}\n"),
            Deed::Move { from, to, hash } => format!("move\t{from}\t{to}\t{hash}\n"),
        });
        let mut text: String = lines.collect();
        text.push_str(END);
        text
    }

    /// Reads it; `None` when it is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.strip_suffix(END)?;
        let deeds = text.lines().map(|line| {
            let parts: Vec<&str> = line.split('\t').collect();
            Some(match parts[..] {
                ["write", path, staged, old, new] => Deed::Write {
                    path: path.to_owned(),
                    staged: staged.parse().ok()?,
                    old: (old != NOTHING).then(|| old.to_owned()),
                    new: new.to_owned(),
                },
                ["delete", path, old] => Deed::Delete {
                    path: path.to_owned(),
                    old: old.to_owned(),
                },
                ["move", from, to, hash] => Deed::Move {
                    from: from.to_owned(),
                    to: to.to_owned(),
                    hash: hash.to_owned(),
                },
                _ => return None,
            })
        });
        let deeds: Option<Vec<Deed>> = deeds.collect();
        Some(Self { deeds: deeds? })
    }
}

impl Deed {
    /// The file it is about.
    pub(super) fn path(&self) -> &str {
        match self {
            Self::Write { path, .. } | Self::Delete { path, .. } => path,
            Self::Move { to, .. } => to,
        }
    }

    /// Whether the file is as it was, or as it is going to be.
    pub(super) fn can_be_done(&self, disk: &Disk) -> Result<bool, SyncError> {
        let stands = |path: &str| Ok(disk.read(path)?.map(|bytes| hash(&bytes)));
        Ok(match self {
            Self::Write { path, old, new, .. } => {
                let stands = stands(path)?;
                stands == *old || stands.as_ref() == Some(new)
            }
            Self::Delete { path, old } => stands(path)?.is_none_or(|stands| stands == *old),
            Self::Move { from, to, hash } => {
                let places = (stands(from)?, stands(to)?);
                let one = Some(hash.clone());
                places == (one.clone(), None) || places == (None, one)
            }
        })
    }

    /// Does it, unless it was done.
    pub(super) fn carry_out(&self, disk: &Disk) -> Result<(), SyncError> {
        let root = disk.root();
        match self {
            Self::Write {
                path, staged, new, ..
            } => {
                if disk.read(path)?.is_some_and(|stands| hash(&stands) == *new) {
                    return Ok(());
                }
                let from = root.join(STAGED).join(staged.to_string());
                fs::rename(from, place(root, path)?)
                    .map_err(|error| SyncError::io("write", path, error))
            }
            Self::Delete { path, .. } => {
                if disk.read(path)?.is_some() {
                    fs::remove_file(root.join(path))
                        .map_err(|error| SyncError::io("remove", path, error))?;
                }
                remove_empty(root, path);
                Ok(())
            }
            Self::Move { from, to, .. } => {
                if disk.read(from)?.is_some() {
                    fs::rename(root.join(from), place(root, to)?)
                        .map_err(|error| SyncError::io("move", from, error))?;
                }
                remove_empty(root, from);
                Ok(())
            }
        }
    }
}
