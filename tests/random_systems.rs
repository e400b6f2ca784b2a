//! Random valid descriptions: what is generated from each is formatted, compiles without a warning
//! under all of clippy's lints, and passes its tests.
//!
//! `cargo test` runs a fixed sample: every pair of [`random::Axes`] meets in it, on Kafka, and every
//! mistake that was ever found is a folder of `tests/cases/generation`, on the embedded broker; what is in
//! its `workspace` is added to what is generated. In `tests/cases/published` are systems that others designed. The
//! long run makes so many systems:
//!
//! ```console
//! $ MICRODB_RANDOM=20 cargo test --test random_systems -- --nocapture
//! ```
//!
//! `MICRODB_RANDOM_SEED` says where it begins; each system says its seed. With `MICRODB_RANDOM_FORMAT` set
//! they are formatted only, hundreds of them in minutes. The one that fails stays in
//! `target/workspaces/system`.

#[allow(unused_imports)]
mod common;
mod random;
mod workspace;

use std::fs;
use std::time::Instant;

use anstream::adapter::strip_str;
use cargo_microdb::description;
use cargo_microdb::diagnostics::{Diagnostic, human};
use cargo_microdb::model::Presence;
use cargo_microdb::source::Sources;
use cargo_microdb::validation::{Options, validate};
use common::cases;
use random::{Sample, pairwise, some_sample};
use workspace::{InTurn, LEFT};

/// How much is asked of a generated system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// It compiles without a warning, and passes the tests of its decisions and reactions.
    Decides,
    /// And its programs survive failures.
    Survives,
    /// It is only formatted as rustfmt does, which a second is enough for.
    IsFormatted,
}

const FORMATTED: &[&str] = &["fmt", "--check"];
#[rustfmt::skip]
const WITHOUT_A_WARNING: &[&str] = &["test", "--workspace", "--exclude", "platform-*", "--no-run"];
// What is the same in every workspace, `tests/platform` has tested.
#[rustfmt::skip]
const DECIDES: &[&str] = &["test", "--workspace", "--exclude", "platform-*", "--lib", "--no-fail-fast"];
const SURVIVES: &[&str] = &[
    "test",
    "--workspace",
    "--exclude",
    "platform-*",
    "--no-fail-fast",
];

fn prove(name: &str, text: &str, proof: Proof) {
    prove_in(&InTurn::described(text), name, text, proof);
}

fn prove_in(workspace: &InTurn, name: &str, text: &str, proof: Proof) {
    let commands: &[&[&str]] = match proof {
        Proof::Decides => &[FORMATTED, WITHOUT_A_WARNING, DECIDES, LEFT],
        Proof::Survives => &[FORMATTED, WITHOUT_A_WARNING, SURVIVES, LEFT],
        Proof::IsFormatted => &[FORMATTED],
    };
    for command in commands {
        let begun = Instant::now();
        let done = match *command {
            WITHOUT_A_WARNING => workspace.try_compile(command),
            _ => workspace.try_cargo(command),
        };
        if let Err(output) = done {
            let command = command.join(" ");
            panic!("{name}: `cargo {command}` failed\n{text}\n{output}");
        }
        println!("{name}: {:?} for `{}`", begun.elapsed(), command[0]);
    }
}

/// What is said against a description; nothing when it is valid.
fn refusal(text: &str) -> Option<(Vec<Diagnostic>, String)> {
    let mut sources = Sources::literal([("microdb.toml", text)]);
    let (description, mut found) = description::read(&mut sources);
    match validate(&description, &Options::default()) {
        Err(wrong) => found.extend(wrong),
        Ok(valid) => found.extend(valid.later),
    }
    let said = strip_str(&human(&found, sources.files())).to_string();
    (!found.is_empty()).then_some((found, said))
}

/// The description of a seed, when it is valid.
fn valid_description(seed: u64, sample: &Sample) -> Option<String> {
    let text = random::description(seed, sample);
    match refusal(&text) {
        None => Some(text),
        Some((_, said)) => {
            println!("seed {seed} is refused: {said}");
            None
        }
    }
}

#[test]
fn descriptions_are_valid_or_refused_with_a_place_and_a_way_out() {
    const SYSTEMS: u64 = 90;
    let mut refused = 0;
    for seed in 0..SYSTEMS {
        let text = random::description(seed, &some_sample(seed));
        let Some((found, said)) = refusal(&text) else {
            continue;
        };
        refused += 1;
        for finding in &found {
            let way_out = !finding.helps.is_empty() || !finding.notes.is_empty();
            assert!(!finding.labels.is_empty() && way_out, "{seed}: {said}");
        }
    }
    // A generator of what is always refused tests nothing.
    assert!(refused * 3 <= SYSTEMS, "{refused} of {SYSTEMS} are refused");
}

/// Inputs of updates that their callers may leave out, of optional fields and of others.
#[test]
fn updates_that_keep_and_clear_are_drawn() {
    let (mut clearing, mut keeping) = (0, 0);
    for seed in 0..60 {
        let text = random::description(seed, &some_sample(seed));
        let mut sources = Sources::literal([("microdb.toml", &*text)]);
        let (description, _) = description::read(&mut sources);
        let Ok(valid) = validate(&description, &Options::default()) else {
            continue;
        };
        for context in valid.system.contexts.values() {
            for command in context.commands.values() {
                let aggregate = &context.aggregates[&command.aggregate];
                let presences = command.input.values();
                let presences = presences.map(|input| command.presence(aggregate, input));
                for presence in presences {
                    clearing += usize::from(presence == Presence::Clearable);
                    keeping += usize::from(presence == Presence::Kept);
                }
            }
        }
    }
    assert!(clearing > 20 && keeping > 20, "{clearing} and {keeping}");
}

/// One system of all those in `tests/cases/<kind>`, each of which is valid by itself.
fn together(kind: &str) -> String {
    let texts = cases(kind).into_iter().map(|case| {
        let text = fs::read_to_string(case.join("microdb.toml")).unwrap();
        let said = refusal(&text).map(|(_, said)| said);
        assert_eq!(said, None, "{}", case.display());
        let (before, system) = text.split_once("[system]\nname = ").unwrap();
        let (_, contexts) = system.split_once('\n').unwrap();
        before.to_owned() + contexts
    });
    "[system]\nname = \"random\"\n".to_owned() + &texts.collect::<String>()
}

#[test]
fn every_mistake_that_was_found_stays_mended() {
    let text = together("generation");
    let workspace = InTurn::described(&text);
    for case in cases("generation") {
        workspace.add(&case.join("workspace"));
    }
    prove_in(&workspace, "cases", &text, Proof::Survives);
}

/// Descriptions of systems that others published, who did not think of what can be said here.
#[test]
fn published_systems_decide() {
    prove("published", &together("published"), Proof::Decides);
}

#[test]
fn random_systems_compile_without_a_word() {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let Some(systems) = number("MICRODB_RANDOM") else {
        let sample = Sample {
            broker: "kafka",
            groups: pairwise(),
        };
        let valid = (0..100).find_map(|seed| valid_description(seed, &sample));
        let text = valid.expect("one of a hundred samples is valid");
        return prove("pairwise", &text, Proof::Decides);
    };
    let first = number("MICRODB_RANDOM_SEED").unwrap_or(1);
    for seed in first..first + systems {
        let sample = some_sample(seed);
        let proof = match seed % 8 {
            _ if std::env::var_os("MICRODB_RANDOM_FORMAT").is_some() => Proof::IsFormatted,
            0 => Proof::Survives,
            _ => Proof::Decides,
        };
        println!("seed {seed}: {proof:?}, {sample:?}");
        if let Some(text) = valid_description(seed, &sample) {
            prove(&format!("seed {seed}"), &text, proof);
        }
    }
}
