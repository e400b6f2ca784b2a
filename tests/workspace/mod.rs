//! A generated workspace in a temporary folder.

// Each test program uses a part of it.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;
use tempfile::TempDir;

/// A generated workspace; it goes when this is dropped.
pub struct Workspace {
    folder: TempDir,
}

impl Workspace {
    /// The workspace of an example, on SQLite and the embedded broker.
    pub fn of_example(name: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let status = Command::cargo_bin("cargo-microdb")
            .unwrap()
            .args(["microdb", "--quiet", "new"])
            .arg(folder.path().join("workspace"))
            .args(["--example", name, "--embedded", "--no-git"])
            .status()
            .unwrap();
        assert!(status.success(), "`new --example {name}` failed");
        Self { folder }
    }

    /// Its root.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    /// Runs cargo in it; its output is shown when it fails.
    pub fn cargo(&self, arguments: &[&str]) {
        let output = Command::new(env!("CARGO"))
            .args(arguments)
            .current_dir(self.path())
            .env("CARGO_TARGET_DIR", target())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "`cargo {}` failed\n{}\n{}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// The target directory that all generated workspaces share.
pub fn target() -> PathBuf {
    let own = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let own = own.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target"));
    own.join("workspaces")
}
