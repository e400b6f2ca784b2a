//! An exercise: the difference that a document shows, made in the sources.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The change of one line of a template.
pub struct Exercise<'a> {
    path: &'a str,
    /// The lines of the difference, each with its sign.
    lines: Vec<(char, &'a str)>,
}

impl<'a> Exercise<'a> {
    /// The one that a text shows.
    pub fn read(text: &'a str) -> Self {
        let (_, difference) = text.split_once("```diff\n").unwrap();
        let (difference, _) = difference.split_once("```").unwrap();
        let mut lines = difference.lines();
        let path = lines.next().and_then(|line| line.strip_prefix("--- a/"));
        let path = path.expect("the file before");
        let after = lines.next().and_then(|line| line.strip_prefix("+++ b/"));
        assert_eq!(after, Some(path), "one file is changed");
        assert!(lines.next().unwrap().starts_with("@@ "), "one place is");
        let signed = |line: &'a str| {
            (
                line.chars().next().unwrap_or(' '),
                line.get(1..).unwrap_or(""),
            )
        };
        let lines = lines.map(signed).collect();
        Self { path, lines }
    }

    /// The text without the lines of this sign.
    fn side(&self, without: char) -> String {
        let lines = self.lines.iter().filter(|(sign, _)| *sign != without);
        lines.map(|(_, line)| format!("{line}\n")).collect()
    }

    fn line(&self, of: char) -> &'a str {
        let mut lines = self.lines.iter().filter(|(sign, _)| *sign == of);
        let (Some((_, line)), None) = (lines.next(), lines.next()) else {
            panic!("one line is changed");
        };
        line
    }

    /// As `git apply` does it.
    pub fn apply(&self, sources: &Path) {
        let path = sources.join(self.path);
        let template = fs::read_to_string(&path).unwrap();
        let [old, new] = ['+', '-'].map(|without| self.side(without));
        assert_eq!(template.matches(&old).count(), 1, "{old}");
        fs::write(path, template.replace(&old, &new)).unwrap();
    }

    /// A generated file, its lines as the template says them after the change.
    pub fn reworded(&self, text: &str) -> String {
        let (old, new) = (self.line('-'), self.line('+'));
        let line =
            |line: &str| holes(old, line).map_or_else(|| line.to_owned(), |is| fill(new, &is));
        let lines = text.lines().map(|text| line(text) + "\n");
        lines.collect()
    }
}

/// What a line of a template has between its holes: each text with the hole before it.
fn parts(template: &str) -> impl Iterator<Item = (Option<&str>, &str)> {
    template
        .split("{{")
        .map(|part| match part.split_once("}}") {
            Some((hole, text)) => (Some(hole.trim()), text),
            None => (None, part),
        })
}

/// What the holes of a template's line are filled with in a line, if it is one of that.
fn holes<'a>(template: &'a str, line: &'a str) -> Option<BTreeMap<&'a str, &'a str>> {
    let mut filled = BTreeMap::new();
    let mut rest = line;
    for (hole, text) in parts(template) {
        let at = rest.find(text)?;
        match hole {
            Some(hole) => drop(filled.insert(hole, &rest[..at])),
            None if at > 0 => return None,
            None => {}
        }
        rest = &rest[at + text.len()..];
    }
    rest.is_empty().then_some(filled)
}

fn fill(template: &str, holes: &BTreeMap<&str, &str>) -> String {
    let part =
        |(hole, text): (Option<&str>, &str)| hole.map_or("", |hole| holes[hole]).to_owned() + text;
    parts(template).map(part).collect()
}
