//! `cargo microdb plan`: what `sync` would do, and what it would leave to you.

mod human;

use std::process::Command;

use serde::Serialize;

use super::sync::{Changes, Opened, left_to_user, open, system_of, worked_out};
use super::{Failure, Shell, print, stop_asked};
use crate::changes::{self, ApiChange, Duty, EventChange, SchemaChange};
use crate::cli;
use crate::lock::FilesLock;
use crate::model::System;

/// The version of the form of the JSON.
const FORMAT: u32 = 1;

/// What `sync` would do.
#[derive(Debug, Serialize)]
struct Plan {
    /// The version of this form.
    format: u32,
    events: Vec<EventChange>,
    api: Vec<ApiChange>,
    schema: Vec<SchemaChange>,
    files: Vec<FileChange>,
    duties: Vec<Duty>,
    refused: Vec<Refusal>,
}

/// What would happen to a file.
#[derive(Debug, Serialize)]
struct FileChange {
    path: String,
    class: &'static str,
    action: &'static str,
    /// The path that it has now, of one that moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
}

/// What keeps it from happening.
#[derive(Debug, Serialize)]
struct Refusal {
    why: String,
    /// The ways out.
    help: String,
}

/// Prints what `sync` would do.
///
/// # Errors
/// When the description is not valid, or there is no such reference.
pub fn plan(shell: Shell, plan: &cli::Plan) -> Result<(), Failure> {
    let opened = open(shell, &plan.place, false)?;
    let changes = worked_out(shell, &opened, &[], &stop_asked())?;
    let old = match &plan.against {
        Some(reference) => at(shell, &opened, reference)?,
        None => system_of(&opened.locks.files, &opened.locks.given()),
    };
    let plan_of = told(shell, &opened, changes, old.as_ref())?;
    let text = match plan.message_format {
        cli::MessageFormat::Human => human::text(&plan_of),
        cli::MessageFormat::Json => {
            let json = serde_json::to_string_pretty(&plan_of);
            json.map_err(|error| shell.error(&error.to_string(), None))? + "\n"
        }
    };
    print(shell, text.as_bytes())
}

fn told(
    shell: Shell,
    opened: &Opened,
    changes: Changes,
    old: Option<&System>,
) -> Result<Plan, Failure> {
    let (between, duties) = match old {
        Some(old) => (
            changes::between(old, &opened.system),
            left_to_user(shell, opened, (old, &changes))?,
        ),
        None => {
            shell.warning("the description that the lock remembers is none of this version's: events, schema and duties are left out");
            (changes::Changes::default(), Vec::new())
        }
    };
    let schema = between.schema.into_iter().map(|change| SchemaChange {
        sql: migration(&changes, &change.context),
        ..change
    });
    let schema = schema.collect();
    Ok(Plan {
        format: FORMAT,
        events: between.events,
        api: between.api,
        schema,
        files: changes.steps.iter().map(FileChange::of).collect(),
        duties,
        refused: changes
            .refused
            .iter()
            .map(|refused| Refusal {
                why: refused.to_string(),
                help: refused.help(),
            })
            .collect(),
    })
}

impl FileChange {
    fn of(step: &crate::workspace::Step) -> Self {
        Self {
            path: step.path.clone(),
            class: step.class.as_str(),
            action: step.action.as_str(),
            from: match &step.action {
                crate::workspace::Action::Move { from } => Some(from.clone()),
                _ => None,
            },
        }
    }
}

/// The text of a context's first migration.
fn migration(changes: &Changes, context: &str) -> String {
    let folder = format!("services/{context}/migrations/0001_initial.");
    let mut files = changes.rendered.iter();
    let found = files.find(|(path, _)| path.starts_with(&folder));
    found.map_or_else(String::new, |(_, file)| {
        String::from_utf8_lossy(&file.content).into_owned()
    })
}

/// The system as it was at a commit, a branch or a tag: `git:main`.
fn at(shell: Shell, opened: &Opened, reference: &str) -> Result<Option<System>, Failure> {
    let Some(reference) = reference.strip_prefix("git:") else {
        let message = format!("`{reference}` is no reference");
        return Err(shell.error(
            &message,
            Some("give a commit, a branch or a tag of git: `git:main`"),
        ));
    };
    let output = Command::new("git")
        .arg("-C")
        .arg(opened.disk.root())
        .args(["show", "--end-of-options"])
        .arg(format!("{reference}:./{}", FilesLock::PATH))
        .output()
        .map_err(|error| shell.error(&format!("`git` does not start: {error}"), None))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let message = format!("git has no lock of `{reference}`: {}", said.trim());
        return Err(shell.error(&message, None));
    }
    let lock = FilesLock::read(&String::from_utf8_lossy(&output.stdout))
        .map_err(|error| shell.error(&error.to_string(), Some(error.help())))?;
    Ok(system_of(&lock, &opened.locks.given()))
}
