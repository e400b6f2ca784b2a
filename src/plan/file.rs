//! A file of the plan.

use serde::Serialize;
use serde_json::Value;

/// Who owns a file, and so what may happen to it later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The tool's: rewritten when the description changes.
    Managed,
    /// The user's: written once, never touched again.
    Seeded,
    /// Both's: the tool changes its own keys only.
    Keyed,
    /// Nobody's any more once it is released: never rewritten.
    AppendOnly,
    /// The user's for good, though the tool wrote it once.
    Ejected,
}

impl Class {
    /// Every class.
    const ALL: [Self; 5] = [
        Self::Managed,
        Self::Seeded,
        Self::Keyed,
        Self::AppendOnly,
        Self::Ejected,
    ];

    /// As the lock spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Managed => "managed",
            Self::Seeded => "seeded",
            Self::Keyed => "keyed",
            Self::AppendOnly => "append-only",
            Self::Ejected => "ejected",
        }
    }

    /// The class that is spelt so.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }
}

/// A file that is in no language of templates.
#[derive(Debug, Serialize)]
struct Text {
    /// All that is in it.
    text: String,
}

/// A file to be rendered.
#[derive(Debug, Clone)]
pub struct File {
    /// Its path in the workspace, with slashes.
    pub path: String,
    /// Its class.
    pub class: Class,
    /// Its template, as a path under `templates/`.
    pub template: String,
    /// What the template places.
    pub view: Value,
}

impl File {
    /// A file whose template has the same path, with `.tera` at its end and these placeholders
    /// (`__context__`, `__aggregate__`, …) in place of names.
    pub fn new(class: Class, template: &str, names: &[(&str, &str)], view: impl Serialize) -> Self {
        let path = names
            .iter()
            .fold(template.to_owned(), |path, (placeholder, name)| {
                path.replace(&format!("__{placeholder}__"), name)
            });
        Self {
            path,
            class,
            template: format!("{template}.tera"),
            // A view is made of texts, numbers and lists of them: it always has a JSON form.
            view: serde_json::to_value(view).unwrap_or_default(),
        }
    }

    /// A file of this text.
    pub fn text(class: Class, path: &str, text: String) -> Self {
        Self {
            template: "_partials/text.tera".to_owned(),
            ..Self::new(class, path, &[], Text { text })
        }
    }
}
