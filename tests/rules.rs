//! Services whose decisions refuse for good reasons, as those of users do: all their tests pass, and
//! still find what is broken.
//!
//! A file of `tests/cases/rules` writes rules into an example: on copies that have to be known and
//! fresh, on dates, statuses, stocks and counts. Then it plants defects, one after the other, and the
//! test of failures that it names has to notice each.
//!
//! Without more, the first service of the sample is tried with its first defect; `RULES=all` tries all
//! systems with all of theirs, `RULES=shop,ftgo` these.

mod mutation;
mod workspace;

use std::fs;
use std::path::Path;

use serde::Deserialize;

use mutation::case::{Case, Catcher, Edit, apply, cases, fit};
use mutation::stand::Stand;
use mutation::subject::Subject;

/// The systems that have rules.
const SYSTEMS: [&str; 3] = ["shop", "ftgo", "online-boutique"];

/// A file of `tests/cases/rules`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    /// The services that have them.
    services: Vec<String>,
    /// The rules.
    rules: Vec<Edit>,
    /// What is broken then.
    defects: Vec<Defect>,
}

/// Something broken.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Defect {
    breaks: String,
    caught_by: Catcher,
    /// A case of `tests/cases/mutations` that breaks it.
    mutation: Option<String>,
    #[serde(default)]
    edits: Vec<Edit>,
}

impl Rules {
    fn of(system: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/rules");
        let text = fs::read_to_string(folder.join(format!("{system}.toml"))).unwrap();
        toml::from_str(&text).unwrap_or_else(|error| panic!("{system}: {error}"))
    }

    /// The first service, and the first defect.
    fn sample(mut self) -> Self {
        self.services.truncate(1);
        self.defects.truncate(1);
        self
    }
}

impl Defect {
    fn into_case(self) -> Case {
        let mut edits = self.edits;
        if let Some(name) = self.mutation {
            let mut cases = cases().into_iter();
            let case = cases.find(|case| case.name == name);
            edits.extend(case.unwrap_or_else(|| panic!("there is no `{name}`")).edits);
        }
        Case {
            name: self.breaks.clone(),
            breaks: self.breaks,
            sample: false,
            caught_by: self.caught_by,
            edits,
        }
    }
}

/// What the environment asks for.
fn chosen() -> Vec<(&'static str, Rules)> {
    let asked = std::env::var("RULES").ok();
    let chosen = SYSTEMS.into_iter().filter(|system| match asked.as_deref() {
        None => *system == SYSTEMS[0],
        Some("all") => true,
        Some(names) => names.split(',').any(|name| name == *system),
    });
    let rules = chosen.map(|system| match asked {
        None => (system, Rules::of(system).sample()),
        Some(_) => (system, Rules::of(system)),
    });
    let rules: Vec<_> = rules.collect();
    assert!(!rules.is_empty(), "no system is called {asked:?}");
    rules
}

#[test]
fn services_that_refuse_pass_and_defects_are_found() {
    let mut survivors = Vec::new();
    for (system, rules) in chosen() {
        let subject = Subject::on_files(system);
        let _ruled = apply(&rules.rules, subject.sources()).unwrap_or_else(|why| panic!("{why}"));
        for service in &rules.services {
            subject.passes_whole(&format!("{system}-{service}"));
        }
        for defect in rules.defects {
            let case = defect.into_case();
            match subject.catches(&case, &[Stand::FILES]) {
                Ok(()) => println!("caught: {} in {system}", case.breaks),
                Err(why) => survivors.push(format!("{} in {system}: {why}", case.breaks)),
            }
        }
    }
    assert!(survivors.is_empty(), "{}", survivors.join("\n"));
}

/// Also those that are not tried keep up with what is generated.
#[test]
fn all_rules_and_defects_fit_what_is_generated() {
    for system in SYSTEMS {
        let workspace = workspace::Workspace::of_example(system);
        let rules = Rules::of(system);
        let ruled = apply(&rules.rules, &workspace.path());
        let _ruled = ruled.unwrap_or_else(|why| panic!("{system}: {why}"));
        for defect in rules.defects {
            let fits = fit(&defect.into_case().edits, &workspace.path());
            fits.unwrap_or_else(|why| panic!("{system}: {why}"));
        }
    }
}
