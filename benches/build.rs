//! How long a generated workspace takes to compile: against a hand-written crate with the same
//! direct dependencies, from nothing and after a change of one file.
//!
//! `cargo bench --bench build`. It takes minutes: every cold build starts from an empty target
//! directory. Both sides of each ratio are measured in turn in the same run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How often a cold build is measured; odd, so that there is a median.
const COLD_RUNS: usize = 3;

/// How often a rebuild is measured.
const WARM_RUNS: usize = 9;

/// The hand-written service: one route.
const BARE: &str = r#"//! A bare service.

use axum::Router;
use axum::routing::get;

fn answer() -> &'static str {
    "0"
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let routes = Router::new().route("/", get(|| async { answer() }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    axum::serve(listener, routes).await
}
"#;

fn main() {
    let folder = TempDir::new().unwrap();
    let hello = folder.path().join("hello");
    generate(&hello);
    let bare = folder.path().join("bare");
    write_bare(&bare, &hello);
    for workspace in [&hello, &bare] {
        cargo(workspace, &["fetch", "--quiet"]);
    }
    let cold = in_turn(COLD_RUNS, || cold(&hello), || cold(&bare));
    report(
        "cold build of hello",
        cold.0,
        "of a crate with its dependencies",
        cold.1,
        1.3,
    );
    let seeded = hello.join("services/greeter/src/domain/greeting.rs");
    let main = bare.join("src/main.rs");
    let warm = in_turn(WARM_RUNS, || warm(&hello, &seeded), || warm(&bare, &main));
    report(
        "rebuild after a change in a seeded file",
        warm.0,
        "in a bare service",
        warm.1,
        1.5,
    );
}

fn generate(path: &Path) {
    let status = Command::new(env!("CARGO_BIN_EXE_cargo-microdb"))
        .args(["microdb", "--quiet", "new"])
        .arg(path)
        .args(["--example", "hello", "--no-git"])
        .status()
        .unwrap();
    assert!(status.success());
}

/// A crate with the direct dependencies of the generated runtime, and nothing of its code.
fn write_bare(path: &Path, hello: &Path) {
    let of_all = read_manifest(&hello.join("Cargo.toml"));
    let of_all = &of_all["workspace"]["dependencies"];
    let mut dependencies = toml::Table::new();
    let entries = fs::read_dir(hello.join("platform")).unwrap();
    let crates = entries.map(|entry| entry.unwrap().path());
    for folder in crates.filter(|path| path.is_dir()) {
        let part = read_manifest(&folder.join("Cargo.toml"));
        let needed = part["dependencies"].as_table().unwrap().iter();
        for (name, needs) in needed.filter(|(name, _)| !name.starts_with("platform-")) {
            let by_workspace = needs.get("workspace").is_some();
            let needs = if by_workspace { &of_all[name] } else { needs };
            dependencies.insert(name.clone(), needs.clone());
        }
    }
    let manifest = format!(
        "[package]\nname = \"bare\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [profile.dev]\ndebug = \"line-tables-only\"\n\n{}",
        toml::Table::from_iter([("dependencies".to_owned(), dependencies.into())])
    );
    fs::create_dir_all(path.join("src")).unwrap();
    fs::write(path.join("Cargo.toml"), manifest).unwrap();
    fs::write(path.join("src/main.rs"), BARE).unwrap();
}

fn read_manifest(path: &Path) -> toml::Table {
    toml::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// A build from an empty target directory.
fn cold(workspace: &Path) -> Duration {
    let _ = fs::remove_dir_all(target(workspace));
    timed(|| cargo(workspace, &["build", "--quiet"]))
}

/// A build after one file was changed.
fn warm(workspace: &Path, file: &Path) -> Duration {
    let text = fs::read_to_string(file).unwrap();
    fs::write(file, format!("{text}// Changed.\n")).unwrap();
    timed(|| cargo(workspace, &["build", "--quiet"]))
}

fn target(workspace: &Path) -> PathBuf {
    workspace.join("target")
}

fn cargo(workspace: &Path, arguments: &[&str]) {
    let status = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(workspace)
        .env("CARGO_TARGET_DIR", target(workspace))
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "cargo {arguments:?} failed");
}

fn timed(what: impl FnOnce()) -> Duration {
    let start = Instant::now();
    what();
    start.elapsed()
}

/// The medians of two measurements that are taken in turn.
fn in_turn(
    runs: usize,
    one: impl Fn() -> Duration,
    other: impl Fn() -> Duration,
) -> (Duration, Duration) {
    let (mut ones, mut others): (Vec<_>, Vec<_>) = (0..runs).map(|_| (one(), other())).unzip();
    ones.sort();
    others.sort();
    (ones[runs / 2], others[runs / 2])
}

fn report(what: &str, time: Duration, against: &str, reference: Duration, most: f64) {
    println!(
        "{what}: {:.2} s ÷ {against}: {:.2} s = {:.2} (asked for: at most {most})",
        time.as_secs_f64(),
        reference.as_secs_f64(),
        time.as_secs_f64() / reference.as_secs_f64(),
    );
}
