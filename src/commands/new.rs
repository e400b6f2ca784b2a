//! `cargo microdb new`: from a description to a workspace.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rust_embed::RustEmbed;
use signal_hook::consts::TERM_SIGNALS;
use signal_hook::flag;

use super::{Failure, Shell};
use crate::cli;
use crate::description::{self, json_schema};
use crate::diagnostics::{Diagnostic, Severity, did_you_mean};
use crate::model::System;
use crate::plan::{self, Class};
use crate::render::{self, Rendered};
use crate::source::Sources;
use crate::validation::{self, Options};
use crate::{lock, workspace};

#[derive(RustEmbed)]
#[folder = "examples/"]
struct Examples;

/// The first line of a description that tells editors its schema.
const SCHEMA_LINE: &str = "#:schema .microdb/schema.json\n";

/// Starts a system.
///
/// # Errors
/// When the description is not valid or the disk refuses; then nothing is written.
pub fn new(shell: Shell, new: &cli::New) -> Result<(), Failure> {
    let (mut sources, found) = sources(shell, new)?;
    let system = system(shell, &mut sources, found, new.embedded)?;
    let files = files(shell, &system, &sources, new.embedded)?;
    workspace::create(&new.path, &files, &stop_asked())
        .map_err(|error| shell.error(&error.to_string(), error.help().as_deref()))?;
    shell.status("Created", &created(&system, new));
    if !new.no_git {
        repository(shell, &new.path);
    }
    left_for_you(shell, &system);
    Ok(())
}

/// The description that was asked for, and what reading it found.
fn sources(shell: Shell, new: &cli::New) -> Result<(Sources, Vec<Diagnostic>), Failure> {
    if let Some(from) = &new.from {
        return Ok(Sources::open(from));
    }
    let name = new.example.as_deref().unwrap_or("hello");
    let Some(example) = Examples::get(&format!("{name}/microdb.toml")) else {
        let names: Vec<String> = Examples::iter()
            .filter_map(|path| Some(path.strip_suffix("/microdb.toml")?.to_owned()))
            .collect();
        let near = did_you_mean(name, names.iter().map(String::as_str));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the examples are {}", names.join(", ")),
        };
        return Err(shell.error(&format!("there is no example `{name}`"), Some(&help)));
    };
    let text = String::from_utf8_lossy(&example.data).into_owned();
    Ok((
        Sources::literal([("microdb.toml", text.as_str())]),
        Vec::new(),
    ))
}

/// The valid system, or everything that is wrong with its description.
fn system(
    shell: Shell,
    sources: &mut Sources,
    mut found: Vec<Diagnostic>,
    embedded: bool,
) -> Result<System, Failure> {
    let (description, read) = description::read(sources);
    found.extend(read);
    let mut system = None;
    if description.readable {
        match validation::validate(&description, &Options { embedded }) {
            Err(errors) => found.extend(errors),
            Ok(valid) => {
                found.extend(valid.warnings);
                found.extend(valid.later);
                system = Some(valid.system);
            }
        }
    }
    let errors = found
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .count();
    shell.diagnostics(found, sources.files());
    match (system, errors) {
        (Some(system), 0) => Ok(system),
        (_, 1) => Err(shell.error("the description has an error; nothing was written", None)),
        (_, count) => {
            let message = format!("the description has {count} errors; nothing was written");
            Err(shell.error(&message, None))
        }
    }
}

/// Every file of the workspace, the lock among them.
fn files(
    shell: Shell,
    system: &System,
    sources: &Sources,
    embedded: bool,
) -> Result<Vec<Rendered>, Failure> {
    let mut files = render::render(&plan::plan(system))
        .map_err(|error| shell.error(&error.to_string(), None))?;
    files.push(Rendered {
        path: ".microdb/schema.json".to_owned(),
        class: Class::Managed,
        content: json_schema().into_bytes(),
    });
    for (index, source) in sources.files().iter().enumerate() {
        let mut text = source.text().to_owned();
        if embedded {
            text = workspace::embedded(&text)
                .map_err(|error| shell.error(&error.to_string(), None))?;
        }
        let root = index == 0;
        if root && !text.contains("#:schema") {
            text.insert_str(0, SCHEMA_LINE);
        }
        files.push(Rendered {
            path: if root {
                "microdb.toml".to_owned()
            } else {
                source.path().to_owned()
            },
            class: Class::Keyed,
            content: text.into_bytes(),
        });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    clashes(shell, &files)?;
    files.push(Rendered {
        path: lock::PATH.to_owned(),
        class: Class::Managed,
        content: lock::write(system, &files).into_bytes(),
    });
    Ok(files)
}

/// Refuses included files that stand where something is generated; the files are sorted.
fn clashes(shell: Shell, files: &[Rendered]) -> Result<(), Failure> {
    let twice = files.windows(2).filter_map(|pair| match pair {
        [one, other] if one.path == other.path => Some(one),
        _ => None,
    });
    let mut clashes = twice.chain(files.iter().filter(|file| file.path == lock::PATH));
    match clashes.next() {
        None => Ok(()),
        Some(Rendered { path, .. }) => {
            let message = format!("the description includes `{path}`, which is generated");
            Err(shell.error(&message, Some("give the file another name")))
        }
    }
}

fn created(system: &System, new: &cli::New) -> String {
    let services = system.services().count();
    let plural = if services == 1 { "" } else { "s" };
    format!(
        "system `{}` with {services} service{plural} in {}",
        system.name,
        new.path.display()
    )
}

/// Becomes true when somebody asks the program to end; who asks twice ends it at once.
fn stop_asked() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in TERM_SIGNALS {
        // The first of the two looks at what the second one left the last time. Where a signal
        // cannot be caught it ends the program as ever.
        let _ = flag::register_conditional_default(*signal, Arc::clone(&stop));
        let _ = flag::register(*signal, Arc::clone(&stop));
    }
    stop
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

/// Tells what the description leaves to the user's functions.
fn left_for_you(shell: Shell, system: &System) {
    for context in system.services() {
        let service = plan::service::Service { system, context };
        for policy in context.policies.values() {
            let open = service.open_inputs(policy);
            if !open.is_empty() {
                let module = plan::names::module_ident(policy.name.as_str());
                let path = format!("services/{}/src/policies/{module}.rs", context.name);
                shell.status("Left for you", &format!("{} in {path}", open.join(", ")));
            }
        }
    }
}
