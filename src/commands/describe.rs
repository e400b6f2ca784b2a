//! From the files of a description to the system it means, or all that is wrong with it.

use super::{Failure, Shell};
use crate::description;
use crate::diagnostics::{Diagnostic, Severity};
use crate::model::System;
use crate::source::Sources;
use crate::validation::{self, Options};

/// The valid system; `found` is what reading the sources found.
///
/// # Errors
/// When something is wrong with the description: all of it was said then.
pub(super) fn system(
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
