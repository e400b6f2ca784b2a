//! Where a new workspace is to stand: the path as it was given, walked step by step.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Component, Components, Path, PathBuf};

use super::error::CreateError;

/// A place for a workspace.
#[derive(Debug)]
pub(super) enum Target {
    /// There is nothing yet.
    New {
        /// The folder that is there, without links.
        parent: PathBuf,
        /// The first folder that is missing in it.
        name: OsString,
        /// The folders missing in that, down to the workspace's own.
        rest: PathBuf,
    },
    /// A folder, without links in its path. Whether it is empty is not looked at.
    Folder(PathBuf),
}

impl Target {
    /// Follows the path as far as there is something.
    ///
    /// A link is followed only where nobody could mean anything else: when it belongs to the
    /// system (`/tmp` is one on macOS), and when it leads to a folder that the current one lies in.
    ///
    /// # Errors
    /// When a part of it is a link or no folder, or cannot be looked at.
    pub(super) fn find(path: &Path) -> Result<Self, CreateError> {
        let current =
            env::current_dir().map_err(|error| CreateError::io("find", Path::new("."), error))?;
        let mut walk = Walk {
            at: current.clone(),
            given: PathBuf::new(),
            current,
        };
        let mut components = path.components();
        while let Some(component) = components.next() {
            if let Some(name) = walk.step(component, components.clone())? {
                return Ok(Self::New {
                    rest: missing(walk.given, components)?,
                    parent: walk.at,
                    name,
                });
            }
        }
        Ok(Self::Folder(walk.at))
    }
}

/// The folders below one that is missing.
fn missing(first: PathBuf, components: Components<'_>) -> Result<PathBuf, CreateError> {
    let mut rest = PathBuf::new();
    let mut given = first;
    for component in components {
        if component == Component::ParentDir {
            return Err(CreateError::Missing(given));
        }
        rest.push(component);
        given.push(component);
    }
    Ok(rest)
}

/// How far a path was followed.
struct Walk {
    /// The folder it leads to, without links.
    at: PathBuf,
    /// The part of it that was walked, as it was given.
    given: PathBuf,
    /// The current folder.
    current: PathBuf,
}

impl Walk {
    /// Takes one step; the name of what is not there, when that is where it ends.
    fn step(
        &mut self,
        component: Component<'_>,
        rest: Components<'_>,
    ) -> Result<Option<OsString>, CreateError> {
        self.given.push(component);
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(self.at.pop()),
            Component::Prefix(_) | Component::RootDir => self.at.push(component),
            Component::Normal(name) => return self.enter(name, rest),
        }
        Ok(None)
    }

    fn enter(
        &mut self,
        name: &OsStr,
        rest: Components<'_>,
    ) -> Result<Option<OsString>, CreateError> {
        let next = self.at.join(name);
        let metadata = match fs::symlink_metadata(&next) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Some(name.to_owned()));
            }
            Err(error) => return Err(CreateError::io("look at", &self.given, error)),
        };
        if metadata.is_symlink() {
            self.at = self.follow(&next, rest)?;
        } else if metadata.is_dir() {
            self.at = next;
        } else {
            return Err(CreateError::NotAFolder(self.given.clone()));
        }
        Ok(None)
    }

    /// Where a link leads that may be followed.
    fn follow(&self, link: &Path, rest: Components<'_>) -> Result<PathBuf, CreateError> {
        let refused = |straight| CreateError::Link {
            link: self.given.clone(),
            straight,
        };
        let Ok(folder) = fs::canonicalize(link) else {
            return Err(refused(None));
        };
        let of_the_system = self.at.parent().is_none();
        if !of_the_system && !self.current.starts_with(&folder) {
            return Err(refused(Some(folder.join(rest.as_path()))));
        }
        if !folder.is_dir() {
            return Err(CreateError::NotAFolder(self.given.clone()));
        }
        Ok(folder)
    }
}
