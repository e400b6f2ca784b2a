//! The `use` declarations of a generated file: collected while its types are rendered, and laid
//! out as rustfmt orders them (style edition 2024).

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::layout::{MAX_WIDTH, STEP};

/// The names a file imports, by path.
#[derive(Debug, Default, Clone)]
pub struct Uses {
    names: BTreeMap<String, Vec<String>>,
    /// Whether nothing is imported: each name is written with its path.
    paths: bool,
}

impl Uses {
    /// Of a file that writes each name with its path.
    pub fn paths() -> Self {
        Self {
            paths: true,
            ..Self::default()
        }
    }

    /// Imports `name` from `path`, and gives back how it is written then.
    pub fn take(&mut self, path: &str, name: &str) -> String {
        if self.paths {
            return format!("{path}::{name}");
        }
        let names = self.names.entry(path.to_owned()).or_default();
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
        name.to_owned()
    }

    /// The names that are imported from `path`.
    pub fn names_of(&self, path: &str) -> impl Iterator<Item = &String> {
        self.names.get(path).into_iter().flatten()
    }

    /// Takes back the import of a name that the file itself declares.
    pub fn forget(&mut self, path: &str, name: &str) {
        if let Some(names) = self.names.get_mut(path) {
            names.retain(|known| known != name);
        }
        self.names.retain(|_, names| !names.is_empty());
    }

    /// The same without what `other` imports too: for a module that takes all of its parent.
    #[must_use]
    pub fn without(mut self, other: &Self) -> Self {
        for (path, names) in &other.names {
            for name in names {
                self.forget(path, name);
            }
        }
        self
    }

    /// The declarations: other crates first, then this one's, a blank line between and after.
    pub fn render(&self) -> String {
        self.render_within(MAX_WIDTH)
    }

    /// The declarations of a module whose lines are indented by one step.
    pub fn render_indented(&self) -> String {
        let lines = self.render_within(MAX_WIDTH - STEP);
        lines
            .lines()
            .map(|line| match line {
                "" => "\n".to_owned(),
                line => format!("{}{line}\n", " ".repeat(STEP)),
            })
            .collect()
    }

    fn render_within(&self, width: usize) -> String {
        let (own, other): (Vec<_>, Vec<_>) = self
            .names
            .iter()
            .partition(|(path, _)| *path == "crate" || path.starts_with("crate::"));
        let mut groups = Vec::new();
        for mut group in [other, own] {
            group.sort_by(|a, b| path_order(&whole(a), &whole(b)));
            let lines: Vec<String> = group
                .iter()
                .map(|(path, names)| declaration(path, names, width))
                .collect();
            if !lines.is_empty() {
                groups.push(lines.join("\n"));
            }
        }
        match groups.is_empty() {
            true => String::new(),
            false => groups.join("\n\n") + "\n\n",
        }
    }
}

fn declaration(path: &str, names: &[String], width: usize) -> String {
    if let [only] = names {
        return format!("use {path}::{only};");
    }
    let mut names = names.to_vec();
    names.sort_by(|a, b| version_order(a, b));
    let one = format!("use {path}::{{{}}};", names.join(", "));
    // rustfmt keeps two characters free that it then does not use.
    if one.chars().count() + 2 <= width {
        return one;
    }
    let inner = format!("    {},", names.join(", "));
    let mut lines = vec![inner];
    if lines[0].chars().count() > width {
        lines = wrapped(&names, width - 1);
    }
    format!("use {path}::{{\n{}\n}};", lines.join("\n"))
}

/// Names in lines of at most this width.
fn wrapped(names: &[String], width: usize) -> Vec<String> {
    let mut lines = vec![String::from("   ")];
    for name in names {
        let line = lines.last().map_or(0, |line| line.chars().count());
        if line > 3 && line + name.chars().count() + 2 > width {
            lines.push(String::from("   "));
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(&format!(" {name},"));
        }
    }
    lines
}

/// A declaration's path with its only name; a list of names stands after every single one.
fn whole((path, names): &(&String, &Vec<String>)) -> Vec<Option<String>> {
    let mut segments: Vec<Option<String>> =
        path.split("::").map(|name| Some(name.to_owned())).collect();
    segments.push(match names.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    });
    segments
}

fn path_order(a: &[Option<String>], b: &[Option<String>]) -> Ordering {
    for (left, right) in a.iter().zip(b) {
        let order = match (left, right) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(left), Some(right)) => version_order(left, right),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    a.len().cmp(&b.len())
}

/// The style guide’s version sort: numbers by value, an underscore before all else.
pub fn version_order(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (Some(l), Some(r)) = (left.chars().next(), right.chars().next()) else {
            return left.len().cmp(&right.len()).then_with(|| a.cmp(b));
        };
        if l.is_ascii_digit() && r.is_ascii_digit() {
            let (l, l_rest) = number(left);
            let (r, r_rest) = number(right);
            let (l, r) = (l.trim_start_matches('0'), r.trim_start_matches('0'));
            match l.len().cmp(&r.len()).then_with(|| l.cmp(r)) {
                Ordering::Equal => (left, right) = (l_rest, r_rest),
                order => return order,
            }
        } else if l == r {
            (left, right) = (&left[l.len_utf8()..], &right[r.len_utf8()..]);
        } else {
            let weight = |c: char| if c == '_' { '\u{21}' } else { c };
            return weight(l).cmp(&weight(r));
        }
    }
}

fn number(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_stand_in_the_order_of_the_style_guide() {
        let mut uses = Uses::default();
        for (path, name) in [
            ("crate::generated", "Loan"),
            ("serde", "Serialize"),
            ("platform_contract::prelude", "Uuid"),
            ("platform_contract::prelude", "ABC"),
            ("platform_contract::prelude", "A10"),
            ("platform_contract::prelude", "A9b"),
        ] {
            uses.take(path, name);
        }
        assert_eq!(
            uses.render(),
            "use platform_contract::prelude::{A9b, A10, ABC, Uuid};\nuse serde::Serialize;\n\nuse crate::generated::Loan;\n\n"
        );
    }
}
