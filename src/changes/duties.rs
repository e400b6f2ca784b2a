//! What a changed description asks of users: the places in their files where the compiler is going to stop.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::members::{self, Members};
use crate::model::System;
use crate::rust::{Function, Implementation, Source};

/// A place that has to be changed by hand.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Duty {
    /// The file, as it is called afterwards.
    pub file: String,
    /// What in it.
    pub item: String,
    /// Why.
    pub why: String,
}

/// The texts of a file of the user's.
#[derive(Debug)]
pub struct Files<'a> {
    /// Its path afterwards.
    pub path: &'a str,
    /// As it would have been written for the old description.
    pub old: &'a str,
    /// As it would be written now.
    pub new: &'a str,
    /// As it stands.
    pub stands: &'a str,
}

/// What has to be changed in the files of users; one that is no Rust is left out.
pub fn duties(old: &System, new: &System, files: &[Files<'_>]) -> Vec<Duty> {
    let mut duties = BTreeSet::new();
    for file in files {
        let context = file.path.split('/').nth(1).unwrap_or_default();
        let types = |system: &System| {
            let context = system.contexts.get(context);
            context
                .map(|context| members::of(system, context))
                .unwrap_or_default()
        };
        let changed = Changed::between(&types(old), &types(new));
        let read = [file.old, file.new, file.stands].map(Source::read);
        if let [Some(old), Some(new), Some(stands)] = read {
            let mut add = |item: String, why: String| {
                let file = file.path.to_owned();
                duties.insert(Duty { file, item, why });
            };
            traits(&old, &new, &stands, &mut add);
            mentions(&changed, &stands, &mut add);
        }
    }
    duties.into_iter().collect()
}

/// What users implement.
fn traits(old: &Source, new: &Source, stands: &Source, add: &mut impl FnMut(String, String)) {
    for theirs in &stands.impls {
        let is_known = old.impls.iter().any(|it| it.of == theirs.of);
        let Some(wanted) = new.impls.iter().find(|it| it.of == theirs.of) else {
            if is_known {
                let now: Vec<&str> = new.impls.iter().map(|it| it.of.as_str()).collect();
                let why = format!("the trait is called `{}` now", now.join("` or `"));
                add(theirs.of.clone(), why);
            }
            continue;
        };
        for function in &wanted.functions {
            let item = format!("{}::{}", theirs.of, function.name);
            match named(theirs, &function.name) {
                None => add(item, "missing; `cargo microdb stub` prints it".to_owned()),
                Some(its) if its.signature != function.signature => {
                    let was = old.impls.iter().find(|it| it.of == theirs.of);
                    let was = was.and_then(|was| named(was, &function.name));
                    if was.is_none_or(|was| was.signature != function.signature) {
                        add(item, format!("it is `{}` now", spaced(&function.signature)));
                    }
                }
                Some(_) => {}
            }
        }
        for function in &theirs.functions {
            if wanted.functions.iter().all(|it| it.name != function.name) {
                let item = format!("{}::{}", theirs.of, function.name);
                add(item, "no longer a member of the trait".to_owned());
            }
        }
    }
}

fn named<'i>(of: &'i Implementation, name: &str) -> Option<&'i Function> {
    of.functions.iter().find(|it| it.name == name)
}

/// What changed of the types that users' code may name.
#[derive(Default)]
struct Changed {
    /// Types that are gone.
    gone: BTreeSet<String>,
    /// Types that have other members: what is gone or of another kind, and whether some are new.
    members: BTreeMap<String, (BTreeSet<String>, bool)>,
    /// Enums: variants that are gone, and whether some are new.
    variants: BTreeMap<String, (BTreeSet<String>, bool)>,
}

impl Changed {
    fn between(old: &BTreeMap<String, Members>, new: &BTreeMap<String, Members>) -> Self {
        let mut changed = Self::default();
        for (name, had) in old {
            let Some(has) = new.get(name).filter(|has| *has != had) else {
                if !new.contains_key(name) {
                    changed.gone.insert(name.clone());
                }
                continue;
            };
            let gone = had
                .members
                .iter()
                .filter(|(name, kind)| has.members.get(*name) != Some(kind));
            let gone: BTreeSet<String> = gone.map(|(name, _)| name.clone()).collect();
            let is_more = has
                .members
                .keys()
                .any(|name| !had.members.contains_key(name));
            if is_more || !gone.is_empty() {
                changed.members.insert(name.clone(), (gone, is_more));
            }
            let gone: BTreeSet<String> = had.variants.difference(&has.variants).cloned().collect();
            let is_more = has.variants.difference(&had.variants).next().is_some();
            if is_more || !gone.is_empty() {
                changed.variants.insert(name.clone(), (gone, is_more));
            }
        }
        changed
    }
}

/// What users' code names.
fn mentions(changed: &Changed, stands: &Source, add: &mut impl FnMut(String, String)) {
    let imports = stands.imports.iter().chain(&stands.inner_imports);
    let imported: BTreeSet<&str> = imports.map(|it| it.name.as_str()).collect();
    for gone in changed
        .gone
        .iter()
        .filter(|gone| imported.contains(gone.as_str()))
    {
        add(gone.clone(), "it is gone".to_owned());
    }
    for function in &stands.functions {
        let mut add = |why: String| add(function.name.clone(), why);
        for gone in changed.gone.intersection(&function.mentions) {
            add(format!("`{gone}` is gone"));
        }
        for (of, (gone, is_more)) in &changed.members {
            for member in gone.intersection(&function.mentions) {
                add(format!("`{member}` of `{of}` is gone, or of another type"));
            }
            if *is_more && function.makes.contains(of) {
                add(format!("`{of}` has more members"));
            }
        }
        for (of, (gone, is_more)) in &changed.variants {
            if !function.mentions.contains(of) {
                continue;
            }
            for variant in gone.intersection(&function.mentions) {
                add(format!("`{of}::{variant}` is gone"));
            }
            if *is_more && function.matches.contains(of) {
                add(format!("`{of}` has more variants"));
            }
        }
    }
}

/// Tokens with the spaces that people write.
fn spaced(tokens: &str) -> String {
    let mut text = tokens.to_owned();
    for (from, to) in [
        (" :: ", "::"),
        (" < ", "<"),
        (" > ", "> "),
        (" , ", ", "),
        (" : ", ": "),
        ("& ", "&"),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        (",)", ")"),
        (" >", ">"),
    ] {
        text = text.replace(from, to);
    }
    text.trim().to_owned()
}
