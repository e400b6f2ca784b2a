//! How long `cargo microdb new` takes: against a copy of its own output, and as systems grow; and `sync`, with
//! nothing to do.
//!
//! `cargo bench --bench new`. Both sides of each ratio are measured in turn in the same run, as
//! whole processes, and the median is printed. The folders lie in the system's temporary folder.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How often each command is measured; odd, so that there is a median.
const RUNS: usize = 21;

fn main() {
    against_a_copy();
    as_systems_grow();
    nothing_to_do();
    nothing_to_do_as_systems_grow();
}

/// `sync` of the example fintech, every file of which it reads ÷ `cp -r` of the workspace.
fn nothing_to_do() {
    let folder = TempDir::new().unwrap();
    let (root, target) = (folder.path().join("fintech"), folder.path().join("copy"));
    generate(&root, &["--example", "fintech", "--embedded"]);
    let (sync, copy) = in_turn(
        || timed(|| self::sync(&root)),
        || {
            let time = timed(|| run(Command::new("cp").arg("-r").arg(&root).arg(&target)));
            std::fs::remove_dir_all(&target).unwrap();
            time
        },
    );
    report(
        "sync of fintech, nothing to do",
        sync,
        "cp -r of it",
        copy,
        1.0,
    );
}

/// `sync` of a hundred contexts ÷ of ten, with nothing to do.
fn nothing_to_do_as_systems_grow() {
    let folder = TempDir::new().unwrap();
    let measured = |contexts: usize| {
        let description = folder.path().join(format!("{contexts}.toml"));
        std::fs::write(&description, system(contexts)).unwrap();
        let root = folder.path().join(format!("system-{contexts}"));
        generate(&root, &["--from", description.to_str().unwrap()]);
        move || timed(|| sync(&root))
    };
    let (hundred, ten) = in_turn(measured(100), measured(10));
    report(
        "sync, 100 contexts",
        hundred,
        "sync, 10 contexts",
        ten,
        12.0,
    );
}

/// `new` for the example fintech ÷ `cp -r` of what it wrote and `rustfmt --check` over its Rust files.
fn against_a_copy() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    let example = ["--example", "fintech", "--embedded"];
    generate(&path("source"), &example);
    let (new, copy) = in_turn(
        || {
            let target = path("new");
            let time = timed(|| generate(&target, &example));
            std::fs::remove_dir_all(target).unwrap();
            time
        },
        || {
            let target = path("copy");
            let time = timed(|| {
                run(Command::new("cp")
                    .arg("-r")
                    .arg(path("source"))
                    .arg(&target));
                run(Command::new("cargo")
                    .args(["fmt", "--check"])
                    .current_dir(&target));
            });
            std::fs::remove_dir_all(target).unwrap();
            time
        },
    );
    report(
        "new --example fintech",
        new,
        "cp -r of its output and rustfmt --check",
        copy,
        2.0,
    );
}

/// `new` for a hundred contexts ÷ `new` for ten.
fn as_systems_grow() {
    let folder = TempDir::new().unwrap();
    let measured = |contexts: usize| {
        let description = folder.path().join(format!("{contexts}.toml"));
        std::fs::write(&description, system(contexts)).unwrap();
        let target = folder.path().join(format!("system-{contexts}"));
        move || {
            let from = description.to_str().unwrap();
            let time = timed(|| generate(&target, &["--from", from]));
            std::fs::remove_dir_all(&target).unwrap();
            time
        }
    };
    let (hundred, ten) = in_turn(measured(100), measured(10));
    report("new, 100 contexts", hundred, "new, 10 contexts", ten, 12.0);
}

/// A system whose contexts each listen to the one before them.
fn system(contexts: usize) -> String {
    let mut text = String::from("[system]\nname = \"large\"\n");
    for number in 0..contexts {
        let before = (number + contexts - 1) % contexts;
        write!(
            text,
            r#"
[contexts.c{number}]
purpose = "The context number {number}"
[contexts.c{number}.aggregates.Thing]
fields.name = {{ type = "string", unique = true, max_length = 80 }}
fields.amount = "decimal(18,2)"
fields.origin = {{ ref = "c{before}.Thing", optional = true }}
states = ["made", "used"]
[contexts.c{number}.aggregates.Thing.entities.Part]
collection = "parts"
fields.weight = "int"
[contexts.c{number}.commands.MakeThing]
creates = "Thing"
emits = "ThingMade"
[contexts.c{number}.commands.UseThing]
updates = "Thing"
transition = {{ from = "made", to = "used" }}
emits = "ThingUsed"
[contexts.c{number}.events.ThingMade]
of = "Thing"
fields = ["name", "amount", "origin", "parts"]
[contexts.c{number}.events.ThingUsed]
of = "Thing"
[contexts.c{number}.queries.ByOrigin]
of = "Thing"
by = ["origin"]
[contexts.c{number}.replicas.Source]
of = "c{before}.Thing"
fields = ["name", "status"]
stale_after = "5s"
[contexts.c{number}.policies.UseWithOrigin]
on = "c{before}.ThingUsed"
finds = "ByOrigin"
then = "UseThing"
"#
        )
        .unwrap();
    }
    text
}

fn generate(path: &Path, arguments: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-microdb"));
    command.args(["microdb", "--quiet", "new"]).arg(path);
    run(command.arg("--no-git").args(arguments));
}

fn sync(root: &Path) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-microdb"));
    run(command
        .args(["microdb", "--quiet", "sync"])
        .current_dir(root));
}

fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?} failed");
}

fn timed(what: impl FnOnce()) -> Duration {
    let start = Instant::now();
    what();
    start.elapsed()
}

/// The medians of two commands that are run in turn, after one run of each that does not count.
fn in_turn(one: impl Fn() -> Duration, other: impl Fn() -> Duration) -> (Duration, Duration) {
    one();
    other();
    let (mut ones, mut others): (Vec<_>, Vec<_>) = (0..RUNS).map(|_| (one(), other())).unzip();
    ones.sort();
    others.sort();
    (ones[RUNS / 2], others[RUNS / 2])
}

fn report(what: &str, time: Duration, against: &str, reference: Duration, most: f64) {
    println!(
        "{what}: {:.1} ms ÷ {against}: {:.1} ms = {:.2} (asked for: at most {most})",
        time.as_secs_f64() * 1e3,
        reference.as_secs_f64() * 1e3,
        time.as_secs_f64() / reference.as_secs_f64(),
    );
}
