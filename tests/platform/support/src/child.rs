//! The test's own program started once more, to be another process.

use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{self, ChildStdout, Command, Stdio};

const ROLE: &str = "MICRODB_CHILD_ROLE";
const FOLDER: &str = "MICRODB_CHILD_FOLDER";

/// The last word of the test harness before the test.
pub const HARNESS: &str = "running 1 test";

/// This program once more, to run one test, by its full name.
pub fn again(test: &str) -> Command {
    let program = std::env::current_exe().expect("the path of this program");
    let mut command = Command::new(program);
    command.args([test, "--exact", "--nocapture", "--quiet"]);
    command
}

/// What this process was started for, when it is a child.
pub fn role() -> Option<(String, PathBuf)> {
    Some((
        std::env::var(ROLE).ok()?,
        std::env::var(FOLDER).ok()?.into(),
    ))
}

/// Another process; killed when it is dropped.
pub struct Child {
    process: process::Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Child {
    /// Starts a test, by its full name, in another process.
    pub fn start(test: &str, role: &str, folder: &Path) -> Self {
        Self::start_with(test, role, folder, None)
    }

    /// The same, held for good at a place that the runtime names.
    pub fn start_with(test: &str, role: &str, folder: &Path, fail_point: Option<&str>) -> Self {
        let mut command = again(test);
        command
            .env(ROLE, role)
            .env(FOLDER, folder)
            .stdout(Stdio::piped());
        if let Some(point) = fail_point {
            command.env(platform_ports::fail_point::VARIABLE, point);
        }
        let mut process = command.spawn().expect("another process");
        let stdout = process.stdout.take().expect("its output");
        let mut child = Self {
            process,
            lines: BufReader::new(stdout).lines(),
        };
        // The test harness has a word first.
        while !child.line().starts_with(HARNESS) {}
        child
    }

    /// The next line it says.
    pub fn line(&mut self) -> String {
        loop {
            let line = self.lines.next().expect("another line").expect("a line");
            if !line.is_empty() {
                return line;
            }
        }
    }

    /// What else it had said, once it is dead.
    pub fn rest(&mut self) -> Vec<String> {
        self.process.wait().expect("its end");
        self.lines.by_ref().map_while(Result::ok).collect()
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args(["-s", name, &self.process.id().to_string()])
            .status()
            .expect("the program `kill`");
        assert!(status.success());
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
