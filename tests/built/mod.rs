//! The program of other sources than these.

use std::path::{Path, PathBuf};
use std::process::Command;

/// This program as it is.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_cargo-microdb");

/// Another number of codegen units than anybody asks for: otherwise cargo would take this program, whose
/// artifacts lie in the same folder, and the one of other sources for the same.
const ANOTHER: &str = "profile.dev.package.cargo-microdb.codegen-units=17";

/// Builds the program of some sources into a folder. What it depends on is compiled already: for this one.
pub fn program(sources: &Path, to: &Path) -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--locked", "--quiet", "--bin", "cargo-microdb"])
        .args(["--config", ANOTHER, "--target-dir"])
        .arg(to)
        .env("CARGO_BUILD_BUILD_DIR", target())
        .current_dir(sources)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    to.join("debug/cargo-microdb")
}

/// Where this program was built.
pub fn target() -> PathBuf {
    let profile = Path::new(PROGRAM).parent().unwrap();
    profile.parent().unwrap().to_owned()
}
