//! Members of generated structs, with their serde attributes.

use crate::model::{Field, Presence};

use super::layout::{self, Expr};
use super::names;

/// A member of a struct.
#[derive(Debug, Clone)]
pub struct Member {
    /// What is said of it.
    pub doc: Option<String>,
    /// Its identifier.
    pub ident: String,
    /// Its name in JSON.
    pub wire: String,
    /// Its type.
    pub ty: String,
    /// What may lack it, which JSON then leaves out.
    pub presence: Presence,
    /// The path of the function that gives it when it is missing; `Some("")` for `Default`.
    pub default: Option<String>,
    /// Whether its struct is only written, never read.
    pub serialize_only: bool,
}

impl Member {
    /// A required member named as in JSON.
    pub fn new(name: &str, ty: String, doc: Option<&str>) -> Self {
        Self {
            doc: doc.map(str::to_owned),
            ident: names::field_ident(name),
            wire: name.to_owned(),
            ty,
            presence: Presence::Required,
            default: None,
            serialize_only: false,
        }
    }

    /// The same, for a type that was wrapped as `presence` and `list` ask.
    pub fn shaped(mut self, presence: impl Into<Presence>, list: bool) -> Self {
        self.presence = presence.into();
        if list && self.presence == Presence::Required {
            self.default = Some(String::new());
        }
        self
    }

    /// The function that tells whether JSON leaves it out.
    fn is_absent(&self) -> Option<&'static str> {
        match self.presence {
            Presence::Required => None,
            Presence::Optional | Presence::Kept => Some("Option::is_none"),
            Presence::Clearable => Some("Patch::is_keep"),
        }
    }

    fn lay(&self, indent: usize, visibility: &str) -> String {
        let mut lines = layout::doc(indent, self.doc.as_deref().unwrap_or_default());
        let pad = " ".repeat(indent);
        let mut serde = Vec::new();
        if self.ident.trim_start_matches("r#") != self.wire {
            serde.push(format!("rename = {}", names::literal(&self.wire)));
        }
        let is_absent = self.is_absent();
        match (&self.default, is_absent) {
            (Some(path), _) if !path.is_empty() => {
                serde.push(format!("default = {}", names::literal(path)));
            }
            (_, _) if self.serialize_only => {}
            (Some(_), _) | (None, Some(_)) => serde.push("default".to_owned()),
            (None, None) => {}
        }
        if let Some(is_absent) = is_absent {
            let is_absent = names::literal(is_absent);
            serde.push(format!("skip_serializing_if = {is_absent}"));
        }
        if !serde.is_empty() {
            lines.push_str(&attribute(&pad, &serde));
        }
        lines + &layout::field(indent, &format!("{visibility}{}", self.ident), &self.ty) + "\n"
    }
}

/// The greatest width of an attribute's arguments on one line.
const ATTRIBUTE_WIDTH: usize = 70;

/// `#[serde(…)]`, an argument a line when it is too long for one.
fn attribute(pad: &str, arguments: &[String]) -> String {
    let flat = arguments.join(", ");
    let one = format!("{pad}#[serde({flat})]");
    if flat.chars().count() <= ATTRIBUTE_WIDTH && one.chars().count() <= layout::MAX_WIDTH {
        return one + "\n";
    }
    let lines: Vec<String> = arguments.iter().map(|a| format!("{pad}    {a}")).collect();
    format!("{pad}#[serde(\n{}\n{pad})]\n", lines.join(",\n"))
}

/// The body of a struct: `{}`, or a member a line.
pub fn body(members: &[Member]) -> String {
    if members.is_empty() {
        return "{}".to_owned();
    }
    format!("{{\n{}}}", lines(members))
}

/// Public members, a line each.
pub fn lines(members: &[Member]) -> String {
    members.iter().map(|member| member.lay(4, "pub ")).collect()
}

/// The doc of a field: what the description says, and why it is deprecated.
pub fn field_doc(field: &Field) -> Option<String> {
    match (&field.doc, &field.deprecated) {
        (doc, None) => doc.clone(),
        (None, Some(why)) => Some(format!("Deprecated: {why}")),
        (Some(doc), Some(why)) => Some(format!("{doc}\n\nDeprecated: {why}")),
    }
}

/// A struct with functions that give the defaults of its members.
pub fn defaults(ident: &str, functions: &[(String, String, Expr)]) -> String {
    if functions.is_empty() {
        return String::new();
    }
    let functions: Vec<String> = functions
        .iter()
        .map(|(name, ty, value)| {
            let head = layout::function(4, &format!("fn {name}"), &[], ty, " {");
            format!("{head}\n        {}\n    }}\n", value.lay(8, 8, 0))
        })
        .collect();
    format!("\nimpl {ident} {{\n{}}}\n", functions.join("\n"))
}
