//! `cargo microdb eject`: files of the tool's that are the user's from now on.

use super::sync::{inside, place_of};
use super::{Failure, Shell, stop_asked};
use crate::cli;
use crate::lock::FilesLock;
use crate::plan::Class;
use crate::workspace::{self, Action, Step};

/// How the file ends that lists migrations: it has to follow them.
const LIST: &str = "/src/generated/service.rs";

/// Makes files the user's.
///
/// # Errors
/// When one is not the tool's, or cannot be given away.
pub fn eject(shell: Shell, eject: &cli::Eject) -> Result<(), Failure> {
    let (disk, locks) = place_of(shell, &eject.place, true)?;
    let mut files = locks.files.clone();
    for path in inside(shell, &disk, &eject.paths)? {
        let Some(entries) = files.files.get_mut(&path) else {
            return Err(shell.error(&format!("`{path}` is no file of the tool's"), None));
        };
        let class = entries.first().map(|entry| entry.class);
        let refused = match class {
            Some(Class::Managed) if !path.ends_with(LIST) => None,
            Some(Class::Managed) => Some("it lists the migrations, which it has to follow"),
            Some(Class::AppendOnly) => Some("it follows the description until it is released"),
            Some(Class::Keyed) => Some("it is yours but for the tool's own keys"),
            _ => Some("it is yours already"),
        };
        if let Some(why) = refused {
            return Err(shell.error(&format!("`{path}` cannot be ejected: {why}"), None));
        }
        for entry in entries {
            entry.class = Class::Ejected;
        }
        shell.status("Ejecting", &path);
    }
    let failed = |error: workspace::SyncError| shell.error(&error.to_string(), error.help());
    let step = Step {
        path: FilesLock::PATH.to_owned(),
        class: Class::Managed,
        action: Action::Update,
        before: disk.read(FilesLock::PATH).map_err(failed)?,
        after: Some(files.render().into_bytes()),
    };
    workspace::apply(&disk, &[step], &stop_asked()).map_err(failed)
}
