//! The commands: each composes the stages, and is the only one that prints.

mod add;
mod completions;
mod describe;
mod eject;
mod examples;
mod generate;
mod new;
mod other;
mod plan;
mod remove;
mod shell;
mod stub;
mod sync;

pub use add::add;
pub use completions::{completions, man};
pub use eject::eject;
pub use new::new;
pub use other::other;
pub use plan::plan;
pub use remove::remove;
pub use shell::{Failure, Shell, colour_as_cargo};
pub use stub::stub;
pub use sync::sync;

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::TERM_SIGNALS;
use signal_hook::flag;

use crate::model::System;
use crate::plan::services::Service;

/// Prints to the standard output; a reader that has read enough is nobody's error.
fn print(shell: Shell, text: &[u8]) -> Result<(), Failure> {
    // What is coloured is so on a terminal only.
    match anstream::stdout().write_all(text) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(shell.error(&format!("cannot print: {error}"), None))
        }
        _ => Ok(()),
    }
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

/// Tells how much is left to the user's functions.
fn left_for_you(shell: Shell, system: &System) {
    let services = system.services();
    let services = services.map(|context| Service { system, context });
    let left = services.flat_map(|service| service.left_for_you());
    let (decisions, policies): (Vec<_>, Vec<_>) = left.partition(|it| it.is_decision);
    let counted = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {many}")),
    };
    let decisions = counted(decisions.len(), "decision", "decisions");
    let policies = counted(policies.len(), "policy", "policies");
    let left: Vec<String> = decisions.into_iter().chain(policies).collect();
    if !left.is_empty() {
        let left = left.join(" and ");
        shell.status("Left for you", &format!("{left}: `cargo test` lists what"));
    }
}
