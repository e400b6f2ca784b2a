//! `cargo microdb stub`: what a changed description left to be written, ready to be pasted.

mod missing;

use super::sync::{carry_out_steps, open, seeded_files};
use super::{Failure, Shell, print, stop_asked};
use crate::cli;
use crate::plan::Class;
use crate::render::Rendered;
use crate::workspace::{self, Action, Step};

/// Prints what is missing in the user's files, or puts it there.
///
/// # Errors
/// When the description is not valid, or the disk refuses.
pub fn stub(shell: Shell, stub: &cli::Stub) -> Result<(), Failure> {
    let opened = open(shell, &stub.place, stub.write)?;
    let stop = stop_asked();
    let mut files: Vec<Rendered> = seeded_files(shell, &opened.system)?
        .into_iter()
        .map(|(path, text)| Rendered {
            path,
            class: Class::Seeded,
            content: text.into_bytes(),
        })
        .collect();
    // What is printed is as it is to stand; where nothing formats, it is printed as it is.
    let unformatted = workspace::format(opened.disk.root(), &mut files, &stop).err();
    let (mut printed, mut steps) = (String::new(), Vec::new());
    for file in &files {
        let stands = opened.disk.text(&file.path);
        let stands = stands.map_err(|error| shell.error(&error.to_string(), error.help()))?;
        let Some(stands) = stands else {
            continue;
        };
        let wanted = String::from_utf8_lossy(&file.content);
        let missing = match missing::find(&wanted, &stands) {
            Ok(missing) => missing,
            Err(missing::NotRust) => {
                shell.warning(&format!("`{}` is not Rust: it is left out", file.path));
                continue;
            }
        };
        if missing.is_empty() {
            continue;
        }
        printed.push_str(&missing.printed(&file.path));
        steps.push(Step {
            path: file.path.clone(),
            class: Class::Seeded,
            action: Action::Update,
            after: Some(workspace::with_line_ends_of(
                stands.as_bytes(),
                &missing.put_into(&stands),
            )),
            before: Some(stands.into_bytes()),
        });
    }
    if steps.is_empty() {
        shell.status("Fresh", "nothing is missing in your files");
        return Ok(());
    }
    if let Some(why) = unformatted {
        shell.warning(&format!("not all of the code is formatted: {why}"));
    }
    if !stub.write {
        return print(shell, printed.as_bytes());
    }
    carry_out_steps(shell, &opened, &steps, &stop)?;
    for step in &steps {
        shell.status("Writing", &step.path);
    }
    Ok(())
}
