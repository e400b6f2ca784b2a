//! Members of generated structs.

use crate::model::{Field, Presence};

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
}

/// The doc of a field: what the description says, and why it is deprecated.
pub fn field_doc(field: &Field) -> Option<String> {
    match (&field.doc, &field.deprecated) {
        (doc, None) => doc.clone(),
        (None, Some(why)) => Some(format!("Deprecated: {why}")),
        (Some(doc), Some(why)) => Some(format!("{doc}\n\nDeprecated: {why}")),
    }
}
