//! The reference page of the language.

use std::fmt::Write;

use indexmap::IndexMap;

use super::declare::Table;
use super::parse::Parse;
use super::raw::{RawAbout, RawDocument};
use super::shape::{KeyShape, Shape, TableShape};

const INTRODUCTION: &str = "\
# Reference: `microdb.toml`

<!-- Made from the declarations in `src/description/raw`. Do not edit. -->

Every table of the language with every key: what it holds, what it is when left out, what it means.
Unknown keys are errors. `NAME` stands for a name of your own.

Durations are written as `\"200ms\"`, `\"5s\"`, `\"15m\"`, `\"24h\"` or `\"30d\"`. Names are ASCII: contexts in
kebab-case, types in PascalCase, fields, states, refusals and steps in snake_case, 60 characters at most.
";

/// The reference page, in Markdown.
pub fn reference() -> String {
    let mut page = INTRODUCTION.to_owned();
    for section in sections().into_values() {
        // Writing to a string cannot fail.
        let _ = section.write(&mut page);
    }
    page
}

/// A table and the places it may stand in.
struct Section {
    shape: TableShape,
    places: Vec<String>,
}

/// All tables in the order they are come upon, outer ones first.
fn sections() -> IndexMap<&'static str, Section> {
    let mut sections = IndexMap::new();
    visit(&RawDocument::shape(), "", &mut sections);
    let mut next = 0;
    while let Some((_, section)) = sections.get_index(next) {
        let place = section.places.first().cloned().unwrap_or_default();
        let keys: Vec<_> = section.shape.keys.clone();
        for key in keys {
            let inner = if place.is_empty() {
                key.name.to_owned()
            } else {
                format!("{place}.{}", key.name)
            };
            visit(&key.shape, &inner, &mut sections);
        }
        next += 1;
    }
    about(&mut sections);
    sections
}

/// Notes the tables that may stand at `place`.
fn visit(shape: &Shape, place: &str, sections: &mut IndexMap<&'static str, Section>) {
    match shape {
        Shape::Table(table) => {
            let shape = table();
            let section = Section {
                shape,
                places: Vec::new(),
            };
            let section = sections.entry(section.shape.name).or_insert(section);
            section.places.push(place.to_owned());
        }
        Shape::List(of) => visit(of, &format!("{place}[]"), sections),
        Shape::OneOrMany(of) => visit(of, place, sections),
        Shape::Map(of) => visit(of, &format!("{place}.NAME"), sections),
        Shape::Either(shapes) => {
            for shape in shapes {
                visit(shape, place, sections);
            }
        }
        _ => {}
    }
}

/// The keys of every named thing get a section instead of a place in each table.
fn about(sections: &mut IndexMap<&'static str, Section>) {
    if let Shape::Table(about) = RawAbout::shape() {
        let shape = about();
        sections.insert(
            shape.name,
            Section {
                shape,
                places: Vec::new(),
            },
        );
    }
}

impl Section {
    fn write(&self, page: &mut String) -> std::fmt::Result {
        let name = self.shape.name;
        writeln!(page, "\n## {name}\n\n{}\n", self.shape.doc)?;
        let places: Vec<_> = self
            .places
            .iter()
            .filter(|place| !place.is_empty())
            .collect();
        if !places.is_empty() {
            let places: Vec<_> = places.iter().map(|place| format!("`{place}`")).collect();
            writeln!(page, "At {}.\n", places.join(", "))?;
        }
        let common = RawAbout::names();
        let named = name != "About" && common.iter().all(|name| self.key(name).is_some());
        writeln!(
            page,
            "| key | holds | left out | meaning |\n|---|---|---|---|"
        )?;
        for key in &self.shape.keys {
            if !(named && common.contains(&key.name)) {
                row(key, page)?;
            }
        }
        if named {
            writeln!(
                page,
                "\nBesides, [`doc`, `deprecated` and `renamed_from`](#about)."
            )?;
        }
        Ok(())
    }

    fn key(&self, name: &str) -> Option<&KeyShape> {
        self.shape.keys.iter().find(|key| key.name == name)
    }
}

fn row(key: &KeyShape, page: &mut String) -> std::fmt::Result {
    let link = |table: &TableShape| format!("[{0}](#{1})", table.name, table.name.to_lowercase());
    let holds = key.shape.words_with(&link);
    let left_out = match (key.required, key.default) {
        (true, _) => "required",
        (false, Some(default)) => default,
        (false, None) => "",
    };
    let mut meaning = key.doc.replace('\n', " ");
    if let Shape::Choice(words) = &key.shape {
        for word in *words {
            write!(meaning, "<br>`\"{}\"`: {}", word.word, word.doc.trim())?;
        }
    }
    let name = key.name;
    writeln!(
        page,
        "| `{name}` | {holds} | {left_out} | {} |",
        meaning.replace('|', "\\|")
    )
}
