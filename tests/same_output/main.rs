//! Whether the program still generates what another build of it does: the examples, every case of
//! `tests/cases/generation` and random systems, formatted, but for how names are imported.
//!
//! It is there for as long as templates take over from composed code:
//!
//! ```console
//! $ MICRODB_BEFORE=/path/to/the/other/cargo-microdb cargo test --test same_output -- --nocapture
//! ```
//!
//! `MICRODB_RANDOM` says how many random systems there are, `MICRODB_RANDOM_SEED` where they begin.

#[allow(unused_imports)]
#[path = "../common/mod.rs"]
mod common;
mod compare;
mod normal;
#[allow(dead_code)]
#[path = "../random/mod.rs"]
mod random;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tempfile::TempDir;

use compare::differences;

/// The program as it is now.
const NOW: &str = env!("CARGO_BIN_EXE_cargo-microdb");

/// How many differences of a system are shown.
const SHOWN: usize = 3;

/// How many systems that differ are shown.
const ENOUGH: usize = 5;

/// A description, by what it is called here.
struct Described {
    name: String,
    /// What `new` is asked for.
    arguments: Vec<String>,
    /// The text of its `microdb.toml`, where it is in no file.
    text: Option<String>,
}

#[test]
fn what_is_generated_stays_the_same() {
    let Some(before) = std::env::var_os("MICRODB_BEFORE").map(PathBuf::from) else {
        eprintln!("skipped: `MICRODB_BEFORE` names no program to compare with");
        return;
    };
    let all = described();
    let (next, differ, refused) = (
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(system) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match compared(&before, system) {
                        None => drop(refused.fetch_add(1, Ordering::Relaxed)),
                        Some(found) if found.is_empty() => {}
                        Some(found) if differ.fetch_add(1, Ordering::Relaxed) < ENOUGH => {
                            show(&system.name, &found);
                        }
                        Some(_) => {}
                    }
                }
            });
        }
    });
    let (differ, refused) = (differ.into_inner(), refused.into_inner());
    println!(
        "{} systems, {refused} of them refused, {differ} differ",
        all.len()
    );
    assert_eq!(differ, 0);
    assert!(refused * 3 < all.len());
}

/// All that is compared.
fn described() -> Vec<Described> {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let systems = number("MICRODB_RANDOM").unwrap_or(40);
    let first = number("MICRODB_RANDOM_SEED").unwrap_or(1);
    let mut all = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for entry in fs::read_dir(root.join("examples")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        for embedded in [&[][..], &["--embedded"]] {
            let arguments = ["--example", &name].into_iter().chain(embedded.to_vec());
            all.push(Described {
                name: name.clone(),
                arguments: arguments.map(str::to_owned).collect(),
                text: None,
            });
        }
    }
    let files = common::cases("generation").into_iter().map(|case| {
        let text = fs::read_to_string(case.join("microdb.toml")).unwrap();
        (case.display().to_string(), text)
    });
    let random = (first..first + systems).map(|seed| {
        let text = random::description(seed, &random::some_sample(seed));
        (format!("seed {seed}"), text)
    });
    all.extend(files.chain(random).map(|(name, text)| Described {
        name,
        arguments: Vec::new(),
        text: Some(text),
    }));
    all
}

/// What differs between the two programs; `None` where the description is refused.
fn compared(before: &Path, system: &Described) -> Option<Vec<String>> {
    let folder = TempDir::new().unwrap();
    let mut arguments = system.arguments.clone();
    if let Some(text) = &system.text {
        let from = folder.path().join("microdb.toml");
        fs::write(&from, text).unwrap();
        arguments = vec!["--from".to_owned(), from.display().to_string()];
    }
    let [old, new] = [(before, "old"), (Path::new(NOW), "new")].map(|(program, name)| {
        let path = folder.path().join(name);
        let done = Command::new(program)
            .args(["microdb", "--quiet", "new", "--no-git"])
            .arg(&path)
            .args(&arguments)
            .output()
            .unwrap();
        done.status.success().then_some(path)
    });
    match (old, new) {
        (Some(old), Some(new)) => Some(differences(&old, &new)),
        (None, None) => None,
        _ => Some(vec!["only one of them takes it".to_owned()]),
    }
}

fn show(name: &str, found: &[String]) {
    let more = match found.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("… and {more} more\n"),
    };
    let shown = &found[..found.len().min(SHOWN)];
    println!("=== {name}\n{}\n{more}", shown.join("\n"));
}
