//! Leaves out of the runtime what a system has no use for: the engines and brokers of others.
//!
//! Each is a cargo feature of the runtime. What belongs to it alone stands in folders and files of its
//! name, or behind `#[cfg(feature = "…")]`.

use std::collections::BTreeSet;

use toml_edit::{Array, DocumentMut, Item};
use unicode_width::UnicodeWidthStr;

/// The features that a workspace may do without. The others are in all of them: tests stand on them.
pub const OPTIONAL: [&str; 4] = ["postgres", "mongodb", "redis", "kafka"];

/// What a gate for one of several features begins with.
const CHOICE: &str = "#[cfg(any(";

/// The greatest width of such a gate on one line (rustfmt's `attr_fn_like_width`, with its frame).
const ATTRIBUTE_WIDTH: usize = 83;

/// The features that nobody uses.
pub struct Unused(BTreeSet<&'static str>);

impl Unused {
    /// All but these.
    pub fn without(used: &BTreeSet<&str>) -> Self {
        let unused = OPTIONAL.into_iter();
        Self(unused.filter(|feature| !used.contains(feature)).collect())
    }

    /// Whether a file of the runtime belongs to one of them: by the name of a folder, or its own.
    pub fn owns(&self, path: &str) -> bool {
        let mut parts = path.split('/').map(|part| part.split('.').next());
        parts.any(|part| part.is_some_and(|part| self.0.contains(part)))
    }

    /// A source file of the runtime without what is theirs.
    pub fn strip_source(&self, text: &str) -> String {
        let text = self.narrow_choices(text);
        let mut kept: Vec<&str> = Vec::new();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            if !self.is_gate(line.trim()) {
                kept.push(line);
                continue;
            }
            while kept.last().is_some_and(|last| is_about_the_next(last)) {
                kept.pop();
            }
            let indent = indent(line);
            let item = lines.by_ref().find(|line| !is_about_the_next(line));
            if item.is_some_and(|first| !is_whole(first)) {
                // The formatter ends an item where it began; a head of several lines opens again.
                let _ = lines.find(|line| self::indent(line) == indent && ends(line));
            }
            // What stood between two items stands once between those that are left.
            let opened = kept
                .last()
                .is_none_or(|last| last.is_empty() || last.ends_with('{'));
            if opened {
                let _ = lines.next_if(|line| line.is_empty());
            }
            let closes = lines.peek().is_none_or(|next| next.trim() == "}");
            if closes && kept.last().is_some_and(|last| last.is_empty()) {
                kept.pop();
            }
        }
        kept.join("\n") + "\n"
    }

    /// The manifest of the runtime without them, and without what only they depend on.
    ///
    /// # Errors
    /// When it is not TOML.
    pub fn strip_manifest(&self, text: &str) -> Result<String, toml_edit::TomlError> {
        let mut manifest: DocumentMut = text.parse()?;
        let mut dropped: BTreeSet<String> = BTreeSet::new();
        let mut needed: BTreeSet<String> = BTreeSet::new();
        if let Some(features) = manifest["features"].as_table_mut() {
            for (name, needs) in features.iter() {
                let unused = self.0.contains(name);
                let into = if unused { &mut dropped } else { &mut needed };
                into.extend(dependencies(needs));
            }
            features.retain(|name, _| !self.0.contains(name));
        }
        if let Some(table) = manifest["dependencies"].as_table_mut() {
            table.retain(|name, _| !dropped.contains(name) || needed.contains(name));
        }
        let own = &mut manifest["dev-dependencies"]["platform"]["features"];
        if let Some(own) = own.as_array_mut() {
            own.retain(|name| !name.as_str().is_some_and(|name| self.0.contains(name)));
        }
        Ok(manifest.to_string())
    }

    /// `#[cfg(any(…))]` without what is unused: a plain gate where one feature is left, or none.
    fn narrow_choices(&self, text: &str) -> String {
        let mut narrowed = String::new();
        let mut rest = text;
        while let Some((before, choice)) = rest.split_once(CHOICE) {
            let Some((features, after)) = choice.split_once(")]") else {
                break;
            };
            let names: Vec<&str> = features.split('"').skip(1).step_by(2).collect();
            let left = names.iter().filter(|name| !self.0.contains(*name));
            narrowed.push_str(before);
            narrowed.push_str(&match left.clone().collect::<Vec<_>>()[..] {
                [..] if left.clone().count() == names.len() => format!("{CHOICE}{features})]"),
                // All of them are unused, so any of them will do.
                [] => gate(names.first().unwrap_or(&"")),
                [only] => gate(only),
                [..] => any_of(&left.copied().collect::<Vec<_>>()),
            });
            rest = after;
        }
        narrowed + rest
    }

    fn is_gate(&self, line: &str) -> bool {
        let feature = line.strip_prefix("#[cfg(feature = \"");
        let feature = feature.and_then(|rest| rest.strip_suffix("\")]"));
        feature.is_some_and(|feature| self.0.contains(feature))
    }
}

fn gate(feature: &str) -> String {
    format!("#[cfg(feature = \"{feature}\")]")
}

/// A choice that the formatter leaves on one line, as one of three does.
fn any_of(features: &[&str]) -> String {
    let quoted: Vec<String> = features
        .iter()
        .map(|feature| format!("feature = \"{feature}\""))
        .collect();
    let one = format!("{CHOICE}{}))]", quoted.join(", "));
    match one.width() <= ATTRIBUTE_WIDTH {
        true => one,
        false => format!("{CHOICE}\n    {}\n))]", quoted.join(",\n    ")),
    }
}

/// The packages that a feature switches on.
fn dependencies(needs: &Item) -> impl Iterator<Item = String> {
    let needs = needs.as_array().into_iter().flat_map(Array::iter);
    needs.filter_map(|need| Some(need.as_str()?.strip_prefix("dep:")?.to_owned()))
}

/// Whether a line is a doc comment or an attribute of what follows.
fn is_about_the_next(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("///") || line.starts_with("#[")
}

/// Whether an item that begins with this line ends with it.
fn is_whole(line: &str) -> bool {
    let line = line.trim_end();
    let opens = |open, close| line.matches(open).count() > line.matches(close).count();
    !(opens('{', '}') || opens('(', ')') || opens('[', ']'))
        && (line.ends_with(',') || line.ends_with(';') || line.ends_with('}'))
}

fn ends(line: &str) -> bool {
    line.trim_start().starts_with(['}', ')', ']']) && !line.trim_end().ends_with('{')
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::Unused;

    fn unused() -> Unused {
        Unused::without(&["postgres", "mongodb", "redis"].into())
    }

    #[test]
    fn files_are_known_by_their_names() {
        for path in [
            "platform/src/broker/kafka/mod.rs",
            "platform/tests/delivery/kafka.rs",
        ] {
            assert!(unused().owns(path), "{path}");
        }
        for path in [
            "platform/src/broker/mod.rs",
            "platform/src/kafkaesque.rs",
            "platform/src/engine/postgres/mod.rs",
        ] {
            assert!(!unused().owns(path), "{path}");
        }
    }

    #[test]
    fn gated_items_go_with_their_docs() {
        let text = r#"#[cfg(feature = "kafka")]
pub mod kafka;
#[cfg(feature = "postgres")]
pub mod postgres;

enum Kind {
    /// One.
    #[cfg(feature = "kafka")]
    #[default]
    Kafka,
    /// Another.
    Embedded,
}

fn open() {
    match scheme {
        #[cfg(feature = "kafka")]
        "kafka" | "kafka+ssl" => {
            open(a, b)
        }
        #[cfg(feature = "kafka")]
        "one" => one(&[
            1,
        ]),
        "embedded" => b,
    }
}

/// Made so.
#[cfg(feature = "kafka")]
pub const fn kafka(
    one: One,
) -> Self {
    Self
}
"#;
        let left = r#"#[cfg(feature = "postgres")]
pub mod postgres;

enum Kind {
    /// Another.
    Embedded,
}

fn open() {
    match scheme {
        "embedded" => b,
    }
}
"#;
        let stripped = unused().strip_source(text);
        assert_eq!(stripped, left);
    }

    #[test]
    fn choices_become_narrower() {
        let text = "#[cfg(any(\n    feature = \"kafka\",\n    feature = \"mongodb\",\n    feature = \"redis\"\n))]\nmod x;\n";
        let strip = |used: &[&str]| {
            let used = used.iter().copied().collect();
            Unused::without(&used).strip_source(text)
        };
        assert_eq!(strip(&["kafka", "mongodb", "redis"]), text);
        assert_eq!(strip(&["redis"]), "#[cfg(feature = \"redis\")]\nmod x;\n");
        assert_eq!(
            strip(&["redis", "kafka"]),
            "#[cfg(any(feature = \"kafka\", feature = \"redis\"))]\nmod x;\n"
        );
        assert_eq!(strip(&[]), "\n", "nothing but its end");
    }

    #[test]
    fn packages_go_that_nobody_else_needs() {
        let text = "[features]\nkafka = [\"dep:rdkafka\", \"dep:shared\"]\nredis = [\"dep:shared\"]\n\n[dependencies]\nrdkafka = { version = \"1\", optional = true }\nshared = \"1\" # For both.\n\n[dev-dependencies]\nplatform = { workspace = true, features = [\"kafka\", \"redis\"] }\n";
        let left = "[features]\nredis = [\"dep:shared\"]\n\n[dependencies]\nshared = \"1\" # For both.\n\n[dev-dependencies]\nplatform = { workspace = true, features = [\"redis\"] }\n";
        let stripped = unused().strip_manifest(text).unwrap();
        assert_eq!(stripped.replace("[ \"redis\"", "[\"redis\""), left);
    }
}
