//! The programs that need SQLite; they are built as examples of the runtime's engine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::system::System;

/// Their files.
pub const SOURCES: [(&str, &str); 2] = [
    ("limit.rs", include_str!("programs/limit.rs")),
    ("watch.rs", include_str!("programs/watch.rs")),
];

/// What one writer makes of the statements of a command.
pub struct Programs<'a> {
    system: &'a System,
    file: PathBuf,
}

impl<'a> Programs<'a> {
    /// For a copy of greeter's database, as it is now.
    pub fn new(system: &'a System, folder: &Path) -> Self {
        let programs = Self {
            system,
            file: folder.join("limit.db"),
        };
        let source = folder.join("greeter.db");
        output(
            programs
                .system
                .program("limit")
                .arg("copy")
                .args([&source, &programs.file]),
        );
        programs
    }

    /// Carries out the statements of so many commands, `group` in a transaction; commands a second.
    pub fn limit(&self, commands: usize, group: usize) -> f64 {
        let numbers = [commands.to_string(), group.to_string()];
        let mut program = self.system.program("limit");
        let text = output(program.arg("run").arg(&self.file).args(numbers));
        text.trim().parse().unwrap()
    }
}

fn output(command: &mut Command) -> String {
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{command:?} failed");
    String::from_utf8(output.stdout).unwrap()
}
