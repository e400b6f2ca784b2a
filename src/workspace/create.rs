//! Making a workspace where there was none: whole, or not at all.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::render::Rendered;

/// Why a workspace was not made. Nothing of it is on the disk.
#[derive(Debug)]
pub enum CreateError {
    /// The folder has something in it.
    NotEmpty(PathBuf),
    /// There is something else than a folder.
    NotAFolder(PathBuf),
    /// A part of the path is a link.
    Link(PathBuf),
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

impl std::fmt::Display for CreateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotEmpty(path) => write!(f, "`{}` is not empty", path.display()),
            Self::NotAFolder(path) => write!(f, "`{}` exists and is no folder", path.display()),
            Self::Link(path) => write!(f, "`{}` is a link", path.display()),
            Self::Io { what, path, error } => {
                write!(f, "cannot {what} `{}`: {error}", path.display())
            }
        }
    }
}

impl std::error::Error for CreateError {}

impl CreateError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotEmpty(_) => "give a path that does not exist yet, or an empty folder",
            Self::NotAFolder(_) => "give another path, or move what is there",
            Self::Link(_) => "give the path without links: what is behind one is never written to",
            Self::Io { .. } => "nothing was written; mend the cause and run the command again",
        }
    }
}

/// Writes the files into a new folder at `path`: first beside it, then by one rename.
///
/// # Errors
/// When something is there already, the path leads through a link, or the disk refuses; then
/// nothing of the workspace stays behind.
pub fn create(path: &Path, files: &[Rendered]) -> Result<(), CreateError> {
    check(path)?;
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let made = make_parents(parent)?;
    let beside = beside(parent, path);
    let written = write_all(&beside, files)
        .and_then(|()| fs::rename(&beside, path).map_err(|error| failed("create", path, error)));
    if written.is_err() {
        // The first failure is what is told; what cannot be removed either stays behind it.
        let _ = fs::remove_dir_all(&beside);
        for folder in made.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
    written
}

fn failed(what: &'static str, path: &Path, error: io::Error) -> CreateError {
    CreateError::Io {
        what,
        path: path.to_owned(),
        error,
    }
}

/// Refuses links in the path as it was given, and anything but an empty folder at its end.
fn check(path: &Path) -> Result<(), CreateError> {
    let mut walked = PathBuf::new();
    for component in path.components() {
        walked.push(component);
        if !matches!(component, Component::Normal(_)) {
            continue;
        }
        match fs::symlink_metadata(&walked) {
            Ok(metadata) if metadata.is_symlink() => return Err(CreateError::Link(walked)),
            Ok(metadata) if !metadata.is_dir() => return Err(CreateError::NotAFolder(walked)),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed("look at", &walked, error)),
        }
    }
    let mut entries = fs::read_dir(path).map_err(|error| failed("look into", path, error))?;
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(CreateError::NotEmpty(path.to_owned())),
    }
}

/// Makes the folders above the workspace; those that were not there before.
fn make_parents(parent: &Path) -> Result<Vec<PathBuf>, CreateError> {
    let missing: Vec<PathBuf> = parent
        .ancestors()
        .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
        .map(Path::to_owned)
        .collect();
    fs::create_dir_all(parent).map_err(|error| failed("create", parent, error))?;
    Ok(missing.into_iter().rev().collect())
}

/// A name beside the workspace that nobody else uses.
fn beside(parent: &Path, path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    parent.join(format!(".{name}.microdb-{}", std::process::id()))
}

fn write_all(folder: &Path, files: &[Rendered]) -> Result<(), CreateError> {
    fs::create_dir(folder).map_err(|error| failed("create", folder, error))?;
    let mut last = PathBuf::new();
    for file in files {
        let path = folder.join(&file.path);
        if let Some(parent) = path.parent()
            && parent != last
        {
            fs::create_dir_all(parent).map_err(|error| failed("create", parent, error))?;
            parent.clone_into(&mut last);
        }
        fs::write(&path, &file.content).map_err(|error| failed("write", &path, error))?;
    }
    Ok(())
}
