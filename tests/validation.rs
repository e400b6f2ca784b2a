//! Descriptions that mean something, and what is said of those that do not.

use std::path::Path;

use anstream::adapter::strip_str;
use cargo_microdb::description;
use cargo_microdb::diagnostics::{Diagnostic, human};
use cargo_microdb::source::Sources;
use cargo_microdb::validation::{Options, Valid, validate};

/// The description at `path`, and what was said of it.
fn read(path: &Path, embedded: bool) -> (Result<Valid, Vec<Diagnostic>>, Sources) {
    let (mut sources, found) = Sources::open(path);
    assert!(found.is_empty(), "{}", text(&found, &sources));
    let (description, found) = description::read(&mut sources);
    assert!(found.is_empty(), "{}", text(&found, &sources));
    (validate(&description, &Options { embedded }), sources)
}

fn text(found: &[Diagnostic], sources: &Sources) -> String {
    strip_str(&human(found, sources.files())).to_string()
}

fn example(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name)
}

#[test]
fn examples_are_valid_and_generated_in_full() {
    for name in ["hello", "shop", "fintech"] {
        let (valid, sources) = read(&example(name).join("microdb.toml"), true);
        let valid = valid.unwrap_or_else(|found| panic!("{}", text(&found, &sources)));
        assert_eq!(text(&valid.later, &sources), "", "{name}");
        assert_eq!(text(&valid.warnings, &sources), "", "{name}");
        if std::env::var("SHOW").is_ok_and(|shown| shown == name) {
            println!("{:#?}", valid.system);
        }
    }
}

#[test]
fn the_whole_language_is_valid_and_partly_for_later() {
    let (valid, sources) = read(&example("fintech").join("full.toml"), false);
    let valid = valid.unwrap_or_else(|found| panic!("{}", text(&found, &sources)));
    assert!(valid.later.len() > 20);
    assert!(
        valid
            .later
            .iter()
            .all(|finding| finding.code == "not-generated-yet")
    );
    assert_eq!(text(&valid.warnings, &sources), "");
}
