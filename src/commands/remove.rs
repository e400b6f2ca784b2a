//! `cargo microdb remove`: something less in the description, and so in the workspace.

use super::add::{apply, documents, texts};
use super::sync::place_of;
use super::{Failure, Shell};
use crate::cli;
use crate::edit::{self, System};

/// Takes a construct out of the description, and brings the workspace in line.
///
/// # Errors
/// When something still depends on it, which is shown; when a file must not be touched, or the disk refuses:
/// nothing is changed then.
pub fn remove(shell: Shell, remove: &cli::Remove) -> Result<(), Failure> {
    let (disk, locks) = place_of(shell, &remove.place, true)?;
    let before = texts(shell, &disk)?;
    let documents = documents(&before);
    let system = System {
        documents: &documents,
    };
    let name = &remove.name;
    let nothing = || shell.error(&format!("there is no `{name}` of that kind"), None);
    let path = system.path(remove.kind, name).ok_or_else(nothing)?;
    let mut texts = before.clone();
    let mut found = false;
    for (file, text) in &mut texts {
        let removed = edit::remove(text, &path).map_err(|error| {
            shell.error(&format!("`{file}` is not TOML: {}", error.message()), None)
        })?;
        if let Some(removed) = removed {
            shell.status("Removing", &format!("`{name}` from {file}"));
            (*text, found) = (removed, true);
        }
    }
    if !found {
        return Err(nothing());
    }
    apply(shell, (disk, locks), &before, &texts).inspect_err(|_| {
        shell
            .note("what is said above depends on it, or is yours: it has to go, or change, before");
    })
}
