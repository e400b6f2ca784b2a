//! Expressions of Rust.

use std::fmt;

use serde::Serialize;

/// An expression on one line, without a statement in it; rustfmt lays it out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Expr {
    text: String,
    /// Whether it is put together of parts.
    #[serde(skip)]
    composed: bool,
}

/// An expression that has no parts, or is put together already.
pub fn text(text: impl Into<String>) -> Expr {
    let text = text.into();
    Expr {
        text,
        composed: false,
    }
}

/// `head(arguments)`
pub fn call(head: impl fmt::Display, arguments: impl IntoIterator<Item = Expr>) -> Expr {
    Expr::composed(format!("{head}({})", joined(arguments)))
}

impl Expr {
    fn composed(text: String) -> Self {
        Self {
            text,
            composed: true,
        }
    }

    /// `vec![elements]`; without any, `Vec::new()`.
    pub fn vec(elements: impl IntoIterator<Item = Self>) -> Self {
        match joined(elements) {
            elements if elements.is_empty() => text("Vec::new()"),
            elements => Self::composed(format!("vec![{elements}]")),
        }
    }

    /// `(elements)`; a single element is itself.
    pub fn tuple(elements: impl IntoIterator<Item = Self>) -> Self {
        let mut elements: Vec<Self> = elements.into_iter().collect();
        match elements.len() {
            1 => elements.remove(0),
            _ => Self::composed(format!("({})", joined(elements))),
        }
    }

    /// `Name { field: value }`
    pub fn structure(name: &str, fields: impl IntoIterator<Item = (String, Self)>) -> Self {
        let fields: Vec<String> = fields.into_iter().map(field).collect();
        if fields.is_empty() {
            return text(format!("{name} {{}}"));
        }
        Self::composed(format!("{name} {{ {} }}", fields.join(", ")))
    }

    /// `Name { field: value, ..base }`; without fields the base itself.
    pub fn based_on(
        base: Self,
        name: impl FnOnce() -> String,
        fields: impl IntoIterator<Item = (String, Self)>,
    ) -> Self {
        let fields: Vec<String> = fields.into_iter().map(field).collect();
        match fields.is_empty() {
            true => base,
            false => Self::composed(format!("{} {{ {}, ..{base} }}", name(), fields.join(", "))),
        }
    }

    /// `self.method()`
    #[must_use]
    pub fn method(&self, method: &str) -> Self {
        Self::composed(format!("{self}.{method}()"))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it reads the variable `name`; a member that is called so is none.
    pub fn mentions(&self, name: &str) -> bool {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let code = without_texts(&self.text);
        code.match_indices(name).any(|(start, _)| {
            let (before, after) = (&code[..start], &code[start + name.len()..]);
            let is_outside = !before.ends_with(|c| is_part(c) || c == '.' || c == '#');
            is_outside && !after.starts_with(|c| is_part(c) || c == ':')
        })
    }

    /// Whether it is put together of parts, and so may be long.
    pub fn is_composed(&self) -> bool {
        self.composed
    }
}

/// `field: value`; a value stands alone where its field is called so.
fn field((name, Expr { text, .. }): (String, Expr)) -> String {
    match text == name {
        true => text,
        false => format!("{name}: {text}"),
    }
}

fn joined(elements: impl IntoIterator<Item = Expr>) -> String {
    let elements: Vec<String> = elements.into_iter().map(|element| element.text).collect();
    elements.join(", ")
}

/// Code whose string literals are empty.
fn without_texts(code: &str) -> String {
    let (mut bare, mut inside, mut escaped) = (String::new(), false, false);
    for character in code.chars() {
        let quote = character == '"' && !escaped;
        if quote || !inside {
            bare.push(character);
        }
        inside ^= quote;
        escaped = character == '\\' && inside && !escaped;
    }
    bare
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<String> for Expr {
    fn from(written: String) -> Self {
        text(written)
    }
}
