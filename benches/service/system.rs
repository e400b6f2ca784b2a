//! The generated system: built once, its services run as processes.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::client::Client;

/// How long a service may take until it is ready.
const PATIENCE: Duration = Duration::from_secs(30);

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
        let port = free_port();
        let started = Instant::now();
        let child = Command::new(self.target.join(format!("release/hello-{context}")))
            .env("DATA_DIR", data)
            .env("PORT", port.to_string())
            .env("RUST_LOG", "warn")
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut service = Service {
            port,
            child,
            ready_after: Duration::ZERO,
        };
        while !Client::connect(port).is_ok_and(|mut client| client.is_ready()) {
            assert!(started.elapsed() < PATIENCE, "{context} does not get ready");
            std::thread::sleep(Duration::from_millis(1));
        }
        service.ready_after = started.elapsed();
        service
    }
}

/// A service that runs, until it is dropped.
pub struct Service {
    /// Where it listens.
    pub port: u16,
    /// How long it took from its start until it was ready.
    pub ready_after: Duration,
    child: Child,
}

impl Service {
    /// Its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?} failed");
}
