//! `cargo microdb add`: something more in the description, and so in the workspace.

use toml_edit::DocumentMut;

use super::sync::{carry_out, changes, described, place_of};
use super::{Failure, Shell, stop_asked};
use crate::cli;
use crate::edit::{self, Construct, Inserted, System};
use crate::lock::Locks;
use crate::plan::Class;
use crate::source::{Sources, read_text};
use crate::workspace::{Action, DESCRIPTION, Disk, Step, with_line_ends_of};

/// Adds constructs to the description, and brings the workspace in line.
///
/// # Errors
/// When one of them is there already and different, the description is not valid with them, a file must not be
/// touched, or the disk refuses: nothing is changed then.
pub fn add(shell: Shell, add: &cli::Add) -> Result<(), Failure> {
    let (disk, locks) = place_of(shell, &add.place, true)?;
    let before = texts(shell, &disk)?;
    let constructs = constructs(shell, add, &documents(&before))?;
    let mut texts = before.clone();
    for construct in &constructs {
        let file = edit::file_of(&texts, &construct.path);
        let inserted = edit::insert(&texts[file].1, construct).map_err(|error| {
            shell.error(
                &format!("`{}` is not TOML: {}", texts[file].0, error.message()),
                None,
            )
        })?;
        match inserted {
            Inserted::New(text) => {
                shell.status(
                    "Adding",
                    &format!("`{}` to {}", construct.name(), texts[file].0),
                );
                texts[file].1 = text;
            }
            Inserted::Same => {
                shell.status("Fresh", &format!("`{}` is there already", construct.name()))
            }
            Inserted::Different => {
                let message = format!(
                    "`{}` is there already, and not as it is given here",
                    construct.name()
                );
                let help = format!(
                    "change it in `{}`, then `cargo microdb sync`",
                    texts[file].0
                );
                return Err(shell.error(&message, Some(&help)));
            }
        }
    }
    apply(shell, (disk, locks), &before, &texts)
}

/// What is to be added.
fn constructs(
    shell: Shell,
    add: &cli::Add,
    documents: &[DocumentMut],
) -> Result<Vec<Construct>, Failure> {
    let system = System { documents };
    if let Some(from) = &add.from {
        let text = read_text(from).map_err(|error| {
            shell.error(&format!("cannot read `{}`: {error}", from.display()), None)
        })?;
        return edit::fragment(&text, &system)
            .map_err(|error| shell.error(&format!("`{}`: {error}", from.display()), None));
    }
    let (Some(kind), Some(name)) = (add.kind, &add.name) else {
        return Ok(Vec::new());
    };
    let construct = Construct::new(kind, name, &system, &add.keys)
        .map_err(|error| shell.error(&format!("`{name}` cannot be added: {error}"), None))?;
    Ok(vec![construct])
}

/// The files of the description, by path.
pub(super) fn texts(shell: Shell, disk: &Disk) -> Result<Vec<(String, String)>, Failure> {
    let (mut sources, found) = Sources::open(&disk.root().join(DESCRIPTION));
    let (description, read) = crate::description::read(&mut sources);
    if description.readable {
        let files = sources.files().iter();
        let texts = files.map(|file| (file.path().to_owned(), file.text().to_owned()));
        return Ok(texts.collect());
    }
    shell.diagnostics(found.into_iter().chain(read).collect(), sources.files());
    Err(shell.error("the description cannot be read; nothing was written", None))
}

/// The files as TOML.
pub(super) fn documents(texts: &[(String, String)]) -> Vec<DocumentMut> {
    texts
        .iter()
        .map(|(_, text)| text.parse().unwrap_or_default())
        .collect()
}

/// Writes the changed description, and brings the workspace in line with it, in one go.
pub(super) fn apply(
    shell: Shell,
    (disk, locks): (Disk, Locks),
    before: &[(String, String)],
    texts: &[(String, String)],
) -> Result<(), Failure> {
    let stop = stop_asked();
    let sources = Sources::literal(
        texts
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str())),
    );
    let opened = described(shell, (disk, locks), (sources, Vec::new()))?;
    let mut changes = changes(shell, &opened, &[], &stop)?;
    let written = before
        .iter()
        .zip(texts)
        .filter(|(before, after)| before != after);
    for ((path, _), (_, text)) in written {
        let stands = opened.disk.read(path);
        let stands = stands.map_err(|error| shell.error(&error.to_string(), error.help()))?;
        changes.steps.insert(
            0,
            Step {
                path: path.clone(),
                class: Class::Keyed,
                action: Action::Update,
                after: Some(with_line_ends_of(
                    stands.as_deref().unwrap_or_default(),
                    text,
                )),
                before: stands,
            },
        );
    }
    carry_out(shell, &opened, &changes, &stop)
}
