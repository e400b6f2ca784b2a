//! What `sync` says.

use super::super::{Failure, Shell, print};
use super::changes::Changes;
use crate::changes::Duty;
use crate::lock::{self, FilesLock};
use crate::workspace::{Action, Step};

/// Shows what would change, as a diff.
///
/// # Errors
/// When nothing can be printed.
pub(super) fn diff(shell: Shell, changes: &Changes) -> Result<(), Failure> {
    let texts = changes
        .steps
        .iter()
        .filter(|step| !is_lock(step))
        .map(|step| {
            let text = |content: &Option<Vec<u8>>| {
                String::from_utf8_lossy(content.as_deref().unwrap_or_default()).into_owned()
            };
            let old = match &step.action {
                Action::Create => "/dev/null".to_owned(),
                Action::Move { from } => {
                    return format!("rename from {from}\nrename to {}\n", step.path);
                }
                _ => format!("a/{}", step.path),
            };
            let new = match step.action {
                Action::Delete => "/dev/null".to_owned(),
                _ => format!("b/{}", step.path),
            };
            let (before, after) = (text(&step.before), text(&step.after));
            let diff = similar::TextDiff::from_lines(&before, &after);
            diff.unified_diff().header(&old, &new).to_string()
        });
    print(shell, texts.collect::<String>().as_bytes())?;
    summary(shell, changes, "Would change");
    Ok(())
}

/// Says whether something would change.
///
/// # Errors
/// When it would.
pub(super) fn drift(shell: Shell, changes: &Changes) -> Result<(), Failure> {
    if changes.steps.is_empty() {
        shell.status("Checked", "the workspace is what its description says");
        return Ok(());
    }
    for step in &changes.steps {
        shell.status(words(&step.action), &step.path);
    }
    shell.error(
        "the workspace is not what its description says",
        Some("`cargo microdb sync` brings it in line; commit what that writes"),
    );
    Err(Failure::Drift)
}

/// Says what was done.
pub(super) fn done(shell: Shell, changes: &Changes, duties: &[Duty]) {
    for step in &changes.steps {
        let said = match &step.action {
            Action::Move { from } => format!("{from} to {}", step.path),
            _ => step.path.clone(),
        };
        shell.detail(doing(&step.action), &said);
    }
    for kept in &changes.kept {
        shell.warning(&format!(
            "{kept} stays as it is: it is not as the tool wrote it"
        ));
    }
    if let Some(why) = &changes.unformatted {
        shell.warning(&format!("not all of the code is formatted: {why}"));
    }
    summary(shell, changes, "Synced");
    // One reason for each place will do: the compiler has the others.
    let mut said = None;
    for duty in duties {
        let place = (&duty.file, &duty.item);
        if said.replace(place) != Some(place) {
            shell.status(
                "Yours",
                &format!("{}: `{}`: {}", duty.file, duty.item, duty.why),
            );
        }
    }
}

/// How much changed, in one line.
fn summary(shell: Shell, changes: &Changes, word: &str) {
    let steps = || changes.steps.iter().filter(|step| !is_lock(step));
    if steps().next().is_none() {
        shell.status(word, "nothing: the workspace is what its description says");
        return;
    }
    let counted = |action: &str, said: &str| {
        let count = steps()
            .filter(|step| step.action.as_str() == action)
            .count();
        (count > 0).then(|| format!("{count} {said}"))
    };
    let parts = [
        counted("create", "created"),
        counted("update", "updated"),
        counted("move", "moved"),
        counted("delete", "removed"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    shell.status(word, &format!("files: {}", parts.join(", ")));
}

fn is_lock(step: &Step) -> bool {
    step.path == lock::PATH || step.path == FilesLock::PATH || step.path.ends_with("/microdb.lock")
}

fn words(action: &Action) -> &'static str {
    match action {
        Action::Create => "Missing",
        Action::Update => "Outdated",
        Action::Delete => "Left over",
        Action::Move { .. } => "Misplaced",
    }
}

fn doing(action: &Action) -> &'static str {
    match action {
        Action::Create => "Creating",
        Action::Update => "Updating",
        Action::Delete => "Removing",
        Action::Move { .. } => "Moving",
    }
}
