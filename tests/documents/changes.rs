//! The steps by which the README says that a system is changed: they fit the system, one after the other.

use std::fs;
use std::path::Path;

use cargo_microdb::source::Sources;
use cargo_microdb::validation::{Options, validate};
use cargo_microdb::{description, plan, render};

/// The section of the README that says how the system is changed.
fn section(description: &str) -> String {
    let files = crate::rendered(description);
    let readme = files.iter().find(|file| file.path == "README.md").unwrap();
    let readme = String::from_utf8(readme.content.clone()).unwrap();
    let (_, section) = readme.split_once("## Change it\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    section.to_owned()
}

/// The blocks of a language, in their order.
fn blocks<'a>(section: &'a str, language: &str) -> Vec<&'a str> {
    let opening = format!("```{language}\n");
    let blocks = section.split(opening.as_str()).skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap())
        .collect()
}

/// What `cargo microdb add` writes for these words.
fn added(words: &str) -> String {
    let mut words = words.split(' ');
    let kind = words.next().unwrap();
    let (context, name) = words.next().unwrap().split_once('.').unwrap();
    let plural = kind.strip_suffix('y').map(|stem| format!("{stem}ies"));
    let plural = plural.unwrap_or_else(|| format!("{kind}s"));
    let mut text = format!("\n[contexts.{context}.{plural}.{name}]\n");
    for word in words {
        let (key, value) = word.trim_matches('\'').split_once('=').unwrap();
        match value.starts_with(['[', '"']) {
            true => text += &format!("{key} = {value}\n"),
            false => text += &format!("{key} = \"{value}\"\n"),
        }
    }
    text
}

/// Whether a description is one of a system whose files can be made.
fn check(text: &str) {
    let mut sources = Sources::literal([("microdb.toml", text)]);
    let (read, found) = description::read(&mut sources);
    assert!(found.is_empty(), "{found:?}\n{text}");
    let valid = validate(&read, &Options::default());
    let system = valid
        .unwrap_or_else(|found| panic!("{found:?}\n{text}"))
        .system;
    render::render(&plan::plan(&system), &plan::crates(&system)).unwrap();
}

/// Takes the steps, and checks the description after each.
fn follow(description: &str) {
    let section = section(description);
    let toml = blocks(&section, "toml");
    let [field, service] = toml[..] else {
        panic!("two blocks of a description: {section}");
    };
    let (_, below) = section.split_once("Write it into the table `").unwrap();
    let (table, _) = below.split_once('`').unwrap();
    let mut text = description.replacen(&format!("{table}\n"), &format!("{table}\n{field}"), 1);
    assert_ne!(text, description, "there is no {table}");
    check(&text);
    let commands = blocks(&section, "sh");
    let commands = commands.iter().flat_map(|block| block.lines());
    let mut steps = 0;
    for line in commands.filter_map(|line| line.strip_prefix("cargo microdb add ")) {
        match line.starts_with("--from ") {
            true => text += &format!("\n{service}"),
            false => text += &added(line),
        }
        check(&text);
        steps += 1;
    }
    assert_eq!(steps, 4, "{section}");
}

#[test]
fn the_readme_changes_the_system_that_it_describes() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut followed = 0;
    for entry in fs::read_dir(examples).unwrap() {
        let path = entry.unwrap().path().join("microdb.toml");
        let text = fs::read_to_string(path).unwrap();
        if !text.contains("include") {
            follow(&text);
            followed += 1;
        }
    }
    assert!(followed > 2, "most examples are one file");
}

#[test]
fn names_that_are_taken_are_not_offered() {
    let text = "
[system]
name = \"s\"
[contexts.journal]
[contexts.journal.aggregates.Order]
fields.remark = \"string\"
fields.comment = \"string\"
[contexts.journal.commands.Open]
creates = \"Order\"
emits = \"Opened\"
[contexts.journal.events.Opened]
of = \"Order\"
";
    follow(text);
}
