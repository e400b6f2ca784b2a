//! `cargo microdb sync`: a workspace in line with its changed description.

mod before;
mod changes;
mod open;
mod report;

use std::sync::atomic::AtomicBool;

use super::{Failure, Shell, stop_asked};
use crate::cli;
use crate::workspace;

pub(super) use before::{left_to_user, seeded as seeded_files, system_of};
pub(super) use changes::{Changes, changes, worked_out};
pub(super) use open::{Opened, described, inside, open, place_of};

/// Brings the workspace in line.
///
/// # Errors
/// When the description is not valid, a file must not be touched, or the disk refuses: nothing is changed
/// then. With `--check`, when something would change.
pub fn sync(shell: Shell, sync: &cli::Sync) -> Result<(), Failure> {
    let writes = !(sync.dry_run || sync.check);
    let opened = open(shell, &sync.place, writes)?;
    let stop = stop_asked();
    let discard = open::inside(shell, &opened.disk, &sync.discard_edits)?;
    let changes = changes(shell, &opened, &discard, &stop)?;
    if sync.dry_run {
        return report::diff(shell, &changes);
    }
    if sync.check {
        return report::drift(shell, &changes);
    }
    carry_out(shell, &opened, &changes, &stop)
}

/// Applies the changes, and says what was done.
///
/// # Errors
/// When the disk refuses; nothing is changed then.
pub(super) fn carry_out(
    shell: Shell,
    opened: &Opened,
    changes: &Changes,
    stop: &AtomicBool,
) -> Result<(), Failure> {
    // Where nothing changes nothing is left to anybody, and the old description is not looked at.
    let old = match changes.steps.is_empty() {
        true => None,
        false => system_of(&opened.locks.files, &opened.locks.given()),
    };
    let duties = match &old {
        Some(old) => left_to_user(shell, opened, (old, changes))?,
        None => Vec::new(),
    };
    carry_out_steps(shell, opened, &changes.steps, stop)?;
    report::done(shell, changes, &duties);
    Ok(())
}

/// Applies steps.
///
/// # Errors
/// When the disk refuses; nothing is changed then.
pub(super) fn carry_out_steps(
    shell: Shell,
    opened: &Opened,
    steps: &[workspace::Step],
    stop: &AtomicBool,
) -> Result<(), Failure> {
    workspace::apply(&opened.disk, steps, stop)
        .map_err(|error| shell.error(&error.to_string(), error.help()))
}
