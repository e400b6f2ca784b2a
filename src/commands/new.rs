//! `cargo microdb new`: from a description to a workspace.

use std::path::{Component, Path};
use std::process::Command;

use super::describe::system;
use super::generate::{Generated, files};
use super::{Failure, Shell, examples, left_for_you, print, stop_asked};
use crate::cli;
use crate::diagnostics::{Diagnostic, did_you_mean};
use crate::model::System;
use crate::source::Sources;
use crate::workspace;

/// Starts a system.
///
/// # Errors
/// When the description is not valid or the disk refuses; then nothing is written.
pub fn new(shell: Shell, new: &cli::New) -> Result<(), Failure> {
    let path = match &new.path {
        Some(path) if !new.list => path,
        _ => return list(shell),
    };
    let (mut sources, found) = sources(shell, new)?;
    let system = system(shell, &mut sources, found, new.embedded)?;
    let stop = stop_asked();
    let Generated { files, unformatted } =
        files(shell, (&system, path), &sources, new.embedded, &stop)?;
    workspace::create(path, &files, &stop)
        .map_err(|error| shell.error(&error.to_string(), error.help().as_deref()))?;
    for file in &files {
        shell.detail("Creating", &path.join(&file.path).display().to_string());
    }
    shell.status("Created", &created(&system, path));
    if let Some(why) = unformatted {
        shell.warning(&format!("not all of the code is formatted: {why}"));
    }
    if !new.no_git {
        repository(shell, path);
    }
    left_for_you(shell, &system);
    next(shell, path);
    Ok(())
}

/// Prints the examples, one a line, with what each is.
fn list(shell: Shell) -> Result<(), Failure> {
    let names = examples::names();
    let width = names.iter().map(String::len).max().unwrap_or_default();
    let lines = names.iter().map(|name| {
        let about = examples::text(name).unwrap_or_default();
        let about = about.lines().next().unwrap_or_default();
        format!("{name:width$}  {}\n", about.trim_start_matches('#').trim())
    });
    print(shell, lines.collect::<String>().as_bytes())
}

/// The description that was asked for, and what reading it found.
fn sources(shell: Shell, new: &cli::New) -> Result<(Sources, Vec<Diagnostic>), Failure> {
    if let Some(from) = &new.from {
        return Ok(Sources::open(from));
    }
    let name = new.example.as_deref().unwrap_or("hello");
    let Some(text) = examples::text(name) else {
        let names = examples::names();
        let near = did_you_mean(name, names.iter().map(String::as_str));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the examples are {}", names.join(", ")),
        };
        return Err(shell.error(&format!("there is no example `{name}`"), Some(&help)));
    };
    Ok((
        Sources::literal([("microdb.toml", text.as_str())]),
        Vec::new(),
    ))
}

fn created(system: &System, path: &Path) -> String {
    let services = system.services().count();
    let plural = if services == 1 { "" } else { "s" };
    format!(
        "system `{}` with {services} service{plural} in {}",
        system.name,
        path.display()
    )
}

/// Makes a git repository, unless the workspace lies in one.
fn repository(shell: Shell, path: &Path) {
    let git = |arguments: &[&str]| {
        Command::new("git")
            .arg("-C")
            .arg(path)
            .args(arguments)
            // Set where a hook of another repository runs this.
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE")
            .output()
    };
    let inside = git(&["rev-parse", "--is-inside-work-tree"]);
    if inside.is_ok_and(|output| output.status.success()) {
        return;
    }
    match git(&["init", "--quiet"]) {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            shell.warning(&format!("no git repository was made: {why}"));
        }
        Err(error) => shell.warning(&format!("no git repository was made: {error}")),
    }
}

/// Tells how to go on.
fn next(shell: Shell, path: &Path) {
    let here = path.components().all(|part| part == Component::CurDir);
    let path = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-".contains(c);
    let path = match path.chars().all(plain) {
        true => path,
        false => format!("'{}'", path.replace('\'', "'\\''")),
    };
    let enter = if here {
        String::new()
    } else {
        format!("cd {path} && ")
    };
    shell.status("Next", &format!("{enter}cargo run"));
}
