//! The generated system: built once, its services run as processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::measure::process::Service;

/// Where everything is kept: on a disk, which the system's temporary folder may not be.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("service")
}

/// An example, built in release.
pub struct System {
    example: &'static str,
    target: PathBuf,
}

impl System {
    /// Generates an example, and builds services of it.
    pub fn build(example: &'static str, contexts: &[&str]) -> Self {
        let system = Self {
            example,
            target: folder().join("target"),
        };
        for old in [system.workspace(), folder().join("data").join(example)] {
            let _ = fs::remove_dir_all(old);
        }
        fs::create_dir_all(folder()).unwrap();
        run(Command::new(env!("CARGO_BIN_EXE_cargo-microdb"))
            .args(["microdb", "--quiet", "new"])
            .arg(system.workspace())
            .args(["--example", example, "--no-git"]));
        for context in contexts {
            system.cargo(&[&format!("--package={example}-{context}")]);
        }
        system
    }

    /// Builds the programs of this bench: examples of the runtime's engine have the same SQLite, built in
    /// the same way.
    pub fn with_programs(self) -> Self {
        let examples = self.workspace().join("platform/sqlite/examples");
        fs::create_dir_all(&examples).unwrap();
        for (name, text) in crate::programs::SOURCES {
            fs::write(examples.join(name), text).unwrap();
        }
        self.cargo(&["--package=platform-sqlite", "--examples"]);
        self
    }

    fn workspace(&self) -> PathBuf {
        folder().join(self.example)
    }

    fn cargo(&self, what: &[&str]) {
        run(Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--release"])
            .args(what)
            .current_dir(self.workspace())
            .env("CARGO_TARGET_DIR", &self.target));
    }

    /// A new folder for databases.
    pub fn data(&self, name: &str) -> PathBuf {
        let data = folder().join("data").join(self.example).join(name);
        fs::create_dir_all(&data).unwrap();
        data
    }

    /// A program of this bench.
    pub fn program(&self, name: &str) -> Command {
        Command::new(self.target.join("release/examples").join(name))
    }

    /// Starts a service, and waits until it is ready.
    pub fn start(&self, context: &str, data: &Path) -> Service {
        let name = format!("release/{}-{context}", self.example);
        let mut program = Command::new(self.target.join(name));
        program.env("DATA_DIR", data);
        Service::start(program)
    }
}

fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?} failed");
}
