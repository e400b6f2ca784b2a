//! What a changed description means for a workspace, decided before anything is touched.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;

use super::super::generate::{facts, migrations, rendered};
use super::super::{Failure, Shell};
use super::open::{Opened, contexts};
use crate::lock::{self, ContextLock, FilesLock, Locks, version};
use crate::plan::{self, Class};
use crate::render::Rendered;
use crate::workspace::{
    self, Action, Comparison, FormatError, Refused, Step, SyncError, Wanted, compare, outdated,
};

/// What has to happen.
pub(in super::super) struct Changes {
    /// Step by step, the locks last.
    pub(in super::super) steps: Vec<Step>,
    /// What stays although nothing needs it, or as the user wants it.
    pub(in super::super) kept: Vec<String>,
    /// What keeps it from happening.
    pub(in super::super) refused: Vec<Refused>,
    /// Why not all of the code is formatted; `None` when it is.
    pub(in super::super) unformatted: Option<FormatError>,
    /// Every file as it was rendered.
    pub(in super::super) rendered: BTreeMap<String, Rendered>,
}

/// Works out what has to happen; what is refused was said.
///
/// # Errors
/// When something is refused, or the disk cannot be read.
pub(in super::super) fn changes(
    shell: Shell,
    opened: &Opened,
    discard: &[String],
    stop: &AtomicBool,
) -> Result<Changes, Failure> {
    let changes = worked_out(shell, opened, discard, stop)?;
    for refused in &changes.refused {
        shell.error(&refused.to_string(), Some(&refused.help()));
    }
    match changes.refused.len() {
        0 => Ok(changes),
        _ => Err(shell.error("nothing was changed", None)),
    }
}

/// Works out what has to happen, and what is refused.
///
/// # Errors
/// When the disk cannot be read, or an upgrade of the tool meets a change of the description.
pub(in super::super) fn worked_out(
    shell: Shell,
    opened: &Opened,
    discard: &[String],
    stop: &AtomicBool,
) -> Result<Changes, Failure> {
    let failed = |error: SyncError| shell.error(&error.to_string(), error.help());
    let (system, disk, locks) = (&opened.system, &opened.disk, &opened.locks);
    let texts = opened.sources.files().iter().map(|file| file.text());
    let facts = facts(shell, texts)?;
    one_at_a_time(shell, locks, &facts)?;
    let files = rendered(shell, system)?;
    let files: BTreeMap<String, Rendered> = files
        .into_iter()
        .map(|file| (file.path.clone(), file))
        .collect();
    clashes(shell, opened, &files)?;
    let outdated = outdated(&files, (&locks.files, disk), discard).map_err(failed)?;
    let mut formatted: Vec<Rendered> = outdated.iter().map(|path| files[path].clone()).collect();
    let unformatted = match formatted.is_empty() {
        true => None,
        false => workspace::format(disk.root(), &mut formatted, stop).err(),
    };
    let formatted = formatted.into_iter().map(|file| (file.path, file.content));
    let formatted: BTreeMap<String, Vec<u8>> = formatted.collect();
    let moved = plan::moved(system);
    let wanted = Wanted {
        files: &files,
        formatted: &formatted,
        moved: &moved,
        contexts: contexts(system).collect(),
        discard,
    };
    let mut done = compare(&wanted, (&locks.files, disk)).map_err(failed)?;
    done.files.facts = facts;
    let files_lock = std::mem::take(&mut done.files);
    let own = own_migrations(opened).map_err(failed)?;
    let new = Locks::of(system, files_lock, &migrations(files.values().chain(&own)));
    lock_steps(opened, &new, &mut done).map_err(failed)?;
    Ok(Changes {
        steps: done.steps,
        kept: done.kept,
        refused: done.refused,
        unformatted,
        rendered: files,
    })
}

/// An upgrade of the tool is one thing, a change of the description another.
fn one_at_a_time(
    shell: Shell,
    locks: &Locks,
    facts: &BTreeMap<String, String>,
) -> Result<(), Failure> {
    let (was, is) = (&locks.root.tool, env!("CARGO_PKG_VERSION"));
    if version(was) == version(is) || locks.files.facts == *facts {
        return Ok(());
    }
    let message = format!(
        "the description changed, and the tool too: the workspace was written by `cargo-microdb` {was}, this is {is}"
    );
    let help = format!(
        "do one, then the other: `cargo install cargo-microdb --version {was}` and `sync`, then this version; \
         or put the description back, `sync`, then change it"
    );
    Err(shell.error(&message, Some(&help)))
}

/// Refuses included files that stand where something is generated.
fn clashes(
    shell: Shell,
    opened: &Opened,
    files: &BTreeMap<String, Rendered>,
) -> Result<(), Failure> {
    let is_taken = |path: &str| {
        let of_contexts = contexts(&opened.system).any(|name| ContextLock::path(name) == path);
        let is_lock = path == lock::PATH || path == FilesLock::PATH || of_contexts;
        is_lock || files.contains_key(path)
    };
    let included = opened.sources.files().iter().skip(1);
    match included.map(|file| file.path()).find(|path| is_taken(path)) {
        None => Ok(()),
        Some(path) => {
            let message = format!("the description includes `{path}`, which is generated");
            Err(shell.error(&message, Some("give the file another name")))
        }
    }
}

/// The migrations that users wrote, as they stand.
fn own_migrations(opened: &Opened) -> Result<Vec<Rendered>, SyncError> {
    let mut own = Vec::new();
    for (context, names) in &opened.system.given.migrations {
        for name in names {
            let path = format!("services/{context}/migrations/{name}");
            if let Some(content) = opened.disk.read(&path)? {
                own.push(Rendered {
                    path,
                    class: Class::AppendOnly,
                    content,
                });
            }
        }
    }
    Ok(own)
}

/// Adds the steps that write the locks, last: until then the old ones hold.
fn lock_steps(opened: &Opened, new: &Locks, done: &mut Comparison) -> Result<(), SyncError> {
    let texts = new.render();
    let gone: BTreeSet<String> = opened
        .locks
        .contexts
        .keys()
        .map(|name| ContextLock::path(name))
        .filter(|path| !texts.contains_key(path))
        .collect();
    for path in gone {
        let before = opened.disk.read(&path)?;
        if before.is_some() {
            done.steps.push(Step {
                path,
                class: Class::Managed,
                action: Action::Delete,
                before,
                after: None,
            });
        }
    }
    for (path, text) in texts {
        let before = opened.disk.read(&path)?;
        let after = text.into_bytes();
        if before
            .as_deref()
            .is_some_and(|before| is_same(before, &after))
        {
            continue;
        }
        done.steps.push(Step {
            action: before.as_ref().map_or(Action::Create, |_| Action::Update),
            path,
            class: Class::Managed,
            before,
            after: Some(after),
        });
    }
    Ok(())
}

/// Whether two texts are the same but for the ends of their lines.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let lines = |text: &[u8]| {
        String::from_utf8_lossy(text)
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    one == other || lines(one) == lines(other)
}
