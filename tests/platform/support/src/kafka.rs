//! Kafka servers that a test has for itself.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use uuid::Uuid;

use crate::servers::server;

/// A port on which nobody listens, below those that the system gives to clients: one of these might have
/// it while the server is down.
pub fn free_port() -> u16 {
    let ports = std::iter::repeat_with(|| 10_000 + (Uuid::now_v7().as_u128() % 20_000) as u16);
    let mut free = ports.filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.next().expect("ports without end")
}

/// A server of the test's own, which it may break.
pub struct Server {
    script: PathBuf,
    /// Its data.
    pub folder: TempDir,
    /// Where it listens.
    pub port: u16,
}

impl Server {
    /// Prepares one, where Kafka is to be tested. It does not run yet.
    pub fn prepare() -> Option<Self> {
        server("TEST_KAFKA_BROKERS")?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../services/kafka");
        assert!(script.exists(), "no script at {}", script.display());
        Some(Self {
            script,
            folder: tempfile::tempdir().expect("a folder"),
            port: free_port(),
        })
    }

    pub fn run(&self, what: &str) -> String {
        let mut command = Command::new(&self.script);
        command.arg(what).arg(self.folder.path());
        if what == "up" {
            command.arg(self.port.to_string());
        }
        let output = command.output().expect("the script");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{what}: {said}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Runs one of Kafka's tools.
    pub fn tool(&self, arguments: &[&str]) {
        let output = Command::new(&self.script)
            .arg("java")
            .args(arguments)
            .output();
        let output = output.expect("the script");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args(["-s", name, &self.run("pid")])
            .status();
        assert!(status.expect("the program `kill`").success());
    }

    pub fn brokers(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new(&self.script)
            .arg("down")
            .arg(self.folder.path())
            .status();
    }
}
