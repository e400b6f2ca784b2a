//! Commands that this version does not have.

use std::ffi::OsString;

use clap::CommandFactory;

use super::{Failure, Shell};
use crate::cli::Cli;
use crate::diagnostics::did_you_mean;

/// What later versions will do, by command.
const LATER: [(&str, &str); 8] = [
    ("adopt", "give a file back to the tool"),
    (
        "audit",
        "answer whether a service can be deleted, migrated, replayed and owned alone",
    ),
    (
        "check",
        "look for what breaks the rules of database-per-service design",
    ),
    ("docs", "build a site of the system's documentation"),
    ("explain", "tell what a rule is for"),
    ("graph", "draw the context map and the flow of events"),
    ("init", "bring an existing workspace under the tool"),
    ("release", "mark a state as released"),
];

/// Says why a command cannot be run.
///
/// # Errors
/// Always.
pub fn other(shell: Shell, arguments: &[OsString]) -> Result<(), Failure> {
    let name = arguments.first().cloned().unwrap_or_default();
    let name = name.to_string_lossy();
    if let Some((_, does)) = LATER.iter().find(|(later, _)| *later == name) {
        let message = format!("`cargo microdb {name}` is not in this version");
        let help = format!("a later version is going to {does}");
        return Err(shell.error(&message, Some(&help)));
    }
    let command = Cli::command();
    let names = command.get_subcommands().map(clap::Command::get_name);
    let help = match did_you_mean(&name, names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`cargo microdb --help` lists the commands".to_owned(),
    };
    Err(shell.error(&format!("there is no command `{name}`"), Some(&help)))
}
