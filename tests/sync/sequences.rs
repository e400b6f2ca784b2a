//! Random edits of a description and of the user's files, one after the other, each with `sync`: after each the
//! workspace is what `new` makes of the description, the user's files are as he left them, and a second
//! `sync` has nothing to do.
//!
//! `SYNC=10000 cargo test --release --test sync sequences -- --nocapture` tries so many sequences, and
//! `SYNC_SEED=17` one of them.

mod edit;
#[path = "../random/rng.rs"]
#[allow(dead_code)]
mod rng;
mod system;
mod user;

use std::collections::{BTreeMap, BTreeSet};

use crate::stand::{Done, Stand, microdb};
use edit::edited;
use rng::Rng;
use system::System;
use user::User;

/// How many sequences are tried without being asked.
const SEQUENCES: u64 = 4;
/// How many edits each has.
const EDITS: usize = 6;

/// `cargo microdb` without formatting, which has tests of its own.
fn run(stand: &Stand, arguments: &[&str]) -> Done {
    let mut command = microdb(&stand.path());
    Done::of(command.args(arguments).env("RUSTFMT", "true"))
}

/// Brings the workspace in line; what must not go although it was edited, the user lets go.
fn sync(stand: &Stand, user: &mut User, counted: &mut BTreeMap<&'static str, u32>) {
    let before = stand.tree();
    let mut done = run(stand, &["sync"]);
    if done.code() != Some(0) {
        let lost = user.lost(&done.said());
        assert!(
            !lost.is_empty(),
            "refused without a reason: {}",
            done.said()
        );
        assert!(
            stand.tree() == before,
            "it was refused, and changed something"
        );
        for path in lost {
            stand.remove(&path);
            user.forget(&path);
        }
        *counted.entry("refused for an edited file").or_default() += 1;
        done = run(stand, &["sync"]);
    }
    done.succeeds();
    user.is_content(stand);
    run(stand, &["sync"]).did_nothing();
}

/// What `new` makes of the description, with what was given before.
fn fresh(stand: &Stand) -> Stand {
    let fresh = Stand::described_raw(&stand.read("microdb.toml"));
    let given = |text: &str| -> Vec<String> {
        let lines = text
            .lines()
            .filter(|line| line.starts_with("port ") || line.starts_with("handler "));
        lines.map(str::to_owned).collect()
    };
    let mut differs = false;
    for path in fresh
        .tree()
        .into_keys()
        .filter(|path| path.ends_with("microdb.lock"))
    {
        let (ours, theirs) = (stand.read(&path), fresh.read(&path));
        if given(&ours) != given(&theirs) {
            differs = true;
            let others = theirs
                .lines()
                .filter(|line| !line.starts_with("port ") && !line.starts_with("handler "));
            let lines: Vec<&str> = others
                .chain(ours.lines().filter(|line| given(line).len() == 1))
                .collect();
            fresh.write(&path, &lines.join("\n"));
        }
    }
    if differs {
        run(&fresh, &["sync"]).succeeds();
    }
    fresh
}

/// The paths and classes of the lock of files.
fn classes(stand: &Stand) -> BTreeMap<String, String> {
    let text = stand.read(".microdb/files.lock");
    let files = text.lines().filter_map(|line| line.strip_prefix("file "));
    let files = files.map(|line| line.split(' ').collect::<Vec<_>>());
    files
        .map(|words| (words[0].to_owned(), words[1].to_owned()))
        .collect()
}

/// Demands that all of the tool's is as in a fresh workspace.
fn is_as_fresh(stand: &Stand, user: &User) {
    let fresh = fresh(stand);
    let (classes, expected) = (classes(stand), classes(&fresh));
    assert_eq!(classes, expected, "the lock knows other files");
    let (tree, expected) = (stand.tree(), fresh.tree());
    let paths: BTreeSet<&String> = tree.keys().chain(expected.keys()).collect();
    for path in paths {
        match classes.get(path).map(String::as_str) {
            Some("seeded") => {
                let is_there = tree.contains_key(path);
                assert_eq!(is_there, !user.deleted(path), "{path} is there: {is_there}");
            }
            _ if user.has_edited(path) || path == ".microdb/files.lock" => {}
            _ => assert!(
                tree.get(path) == expected.get(path),
                "{path} is not as in a fresh workspace"
            ),
        }
    }
}

fn sequence(seed: u64, counted: &mut BTreeMap<&'static str, u32>) {
    let mut rng = Rng::new(seed);
    let mut system = System::new(&mut rng);
    let stand = Stand::described_raw(&system.text());
    let first = (system.clone(), stand.read("microdb.toml"));
    let mut user = User::default();
    for _ in 0..EDITS {
        *counted
            .entry(user.edit(&mut rng, &stand, &classes(&stand)))
            .or_default() += 1;
        let (kind, next) = edited(&mut rng, &system);
        *counted.entry(kind).or_default() += 1;
        user.follow(&next.moves());
        stand.write("microdb.toml", &next.text());
        sync(&stand, &mut user, counted);
        is_as_fresh(&stand, &user);
        system = next;
        if rng.chance(50) {
            system.settle();
        }
    }
    // Back to where it began.
    user.follow(&[]);
    stand.write("microdb.toml", &first.1);
    sync(&stand, &mut user, counted);
    is_as_fresh(&stand, &user);
}

#[test]
fn any_sequence_of_edits_leads_to_what_a_fresh_start_does() {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .map(|text| text.parse::<u64>().expect("a number"))
    };
    let seeds = match number("SYNC_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SYNC").unwrap_or(SEQUENCES),
    };
    let mut counted = BTreeMap::new();
    for seed in seeds {
        let mut of_it = BTreeMap::new();
        let done =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| sequence(seed, &mut of_it)));
        for (kind, count) in &of_it {
            *counted.entry(*kind).or_default() += count;
        }
        if let Err(why) = done {
            eprintln!("SYNC_SEED={seed} fails after {of_it:?}");
            std::panic::resume_unwind(why);
        }
    }
    println!("{counted:#?}");
    let kinds: u32 = counted.values().sum();
    assert!(kinds > 0, "nothing was tried");
}
