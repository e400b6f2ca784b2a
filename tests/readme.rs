//! The README is true: its commands run and say what it shows, its description is valid, and its
//! Rust compiles where it belongs.
#![cfg(unix)]

mod workspace;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anstream::adapter::strip_str;
use tempfile::TempDir;
use workspace::InTurn;

const PROGRAM: &str = env!("CARGO_BIN_EXE_cargo-microdb");

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The blocks of the README in this language.
fn blocks(language: &str) -> Vec<String> {
    let text = fs::read_to_string(repository("README.md")).unwrap();
    let start = format!("```{language}\n");
    let blocks = text.split(&start).skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap_or_default().to_owned())
        .collect()
}

/// Stands in for cargo: the tool is the one under test and is not built again, and a system is
/// looked at instead of started (`tests/running.rs` starts some).
const CARGO: &str = r#"#!/bin/sh
case "$1 $2" in
    "run --") shift 2; exec "$PROGRAM" "$@" ;;
    "microdb "*) exec "$PROGRAM" "$@" ;;
    "install --path") test -f "$REPOSITORY/Cargo.toml" ;;
    "run ") exec "$REAL" metadata --offline --no-deps --quiet --format-version 1 >/dev/null ;;
    *) echo "the README runs cargo $*, which its test does not know" >&2; exit 1 ;;
esac
"#;

/// A folder as a reader has it after the README's first lines: the test command does nothing.
fn place() -> TempDir {
    let place = TempDir::new().unwrap();
    let script = |path: &str, text: &str| {
        let path = place.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    script("bin/cargo", CARGO);
    let test = fs::metadata(repository("tests/run")).unwrap();
    assert_ne!(
        test.permissions().mode() & 0o111,
        0,
        "tests/run does not run"
    );
    script("tests/run", "#!/bin/sh\n");
    fs::write(place.path().join("bank.toml"), &blocks("toml")[0]).unwrap();
    place
}

/// What a command prints and says in a folder.
fn said(place: &Path, command: &str) -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(place)
        .env("PATH", format!("{}:{path}", place.join("bin").display()))
        .env("PROGRAM", PROGRAM)
        .env("REAL", env!("CARGO"))
        .env("REPOSITORY", repository(""))
        .output()
        .unwrap();
    let both = [output.stdout, output.stderr].concat();
    let said = strip_str(&String::from_utf8_lossy(&both)).to_string();
    assert!(output.status.success(), "`{command}` failed\n{said}");
    said
}

#[test]
fn every_command_runs_and_says_what_is_shown() {
    let place = place();
    let blocks = blocks("console");
    assert!(blocks.len() > 3, "{blocks:?}");
    for block in blocks {
        for part in block.split("$ ").skip(1) {
            let (command, shown) = part.split_once('\n').unwrap_or((part, ""));
            let said = said(place.path(), command);
            if !shown.is_empty() {
                assert_eq!(said, shown, "`{command}`");
            }
        }
    }
}

#[test]
fn the_decision_compiles_in_place_of_the_seeded_one() {
    let bank = InTurn::described(&blocks("toml")[0]);
    let file = bank.path().join("services/account/src/domain/account.rs");
    let seeded = fs::read_to_string(&file).unwrap();
    let decision = &blocks("rust")[0];
    let head = decision.split_inclusive("{\n").next().unwrap();
    let (before, rest) = seeded
        .split_once(head)
        .expect("it is seeded with another head");
    let (_, after) = rest.split_once("\n    }\n").unwrap();
    fs::write(&file, format!("{before}{decision}{after}")).unwrap();
    bank.compile(&["test", "--package", "bank-account", "--lib", "--no-run"]);
}
