//! The generated system: built once, its services run as processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::measure::process::Service;

/// Where everything is kept: on a disk, which the system's temporary folder may not be.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("service")
}

/// The example `hello`, built in release, and the programs of this bench beside it.
pub struct System {
    target: PathBuf,
}

impl System {
    /// Generates and builds it.
    pub fn build() -> Self {
        let workspace = folder().join("hello");
        for old in [workspace.clone(), folder().join("data")] {
            let _ = fs::remove_dir_all(old);
        }
        fs::create_dir_all(folder()).unwrap();
        run(Command::new(env!("CARGO_BIN_EXE_cargo-microdb"))
            .args(["microdb", "--quiet", "new"])
            .arg(&workspace)
            .args(["--example", "hello", "--no-git"]));
        // Examples of the runtime's crate have the same SQLite, built in the same way.
        let examples = workspace.join("platform/examples");
        fs::create_dir_all(&examples).unwrap();
        for (name, text) in crate::programs::SOURCES {
            fs::write(examples.join(name), text).unwrap();
        }
        let system = Self {
            target: folder().join("target"),
        };
        system.cargo(&workspace, &["--package=hello-greeter"]);
        system.cargo(&workspace, &["--package=hello-guestbook"]);
        let features = "--features=sqlite,embedded";
        system.cargo(
            &workspace,
            &["--package=hello-platform", "--examples", features],
        );
        system
    }

    fn cargo(&self, workspace: &Path, what: &[&str]) {
        run(Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--release"])
            .args(what)
            .current_dir(workspace)
            .env("CARGO_TARGET_DIR", &self.target));
    }

    /// A new folder for databases.
    pub fn data(&self, name: &str) -> PathBuf {
        let data = folder().join("data").join(name);
        fs::create_dir_all(&data).unwrap();
        data
    }

    /// A program of this bench.
    pub fn program(&self, name: &str) -> Command {
        Command::new(self.target.join("release/examples").join(name))
    }

    /// Starts a service, and waits until it is ready.
    pub fn start(&self, context: &str, data: &Path) -> Service {
        let mut program = Command::new(self.target.join(format!("release/hello-{context}")));
        program.env("DATA_DIR", data);
        Service::start(program)
    }
}

fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?} failed");
}
