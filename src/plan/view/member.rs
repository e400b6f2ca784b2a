//! Members of structs that are read from JSON and written to it.

use serde::Serialize;

use super::{Doc, Literal, Name, TypeRef};
use crate::model::{Content, Ident, Presence};
use crate::plan::prose::field_doc;
use crate::plan::rust::Types;

/// A member of a struct: the component `member` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct Member {
    /// What is said of it; empty when nothing is.
    doc: Doc,
    /// Its identifier.
    name: Name,
    /// Its name in JSON, where that is another one.
    renamed: Option<Literal>,
    /// Its type.
    #[serde(rename = "type")]
    ty: TypeRef,
    /// Whether it is personal data, which `Debug` does not print.
    pii: bool,
    /// Whether what its type has by default stands for it where it is missing.
    defaults: bool,
    /// The path of the function that gives it where it is missing.
    default: Option<Literal>,
    /// What tells that it is missing, and is left out of JSON then.
    skipped_if: Option<Literal>,
}

impl Member {
    /// A required member named as in JSON.
    pub fn new(name: &str, ty: impl Into<TypeRef>, doc: Option<&str>) -> Self {
        let member = Self {
            doc: Doc::of(doc.unwrap_or_default()),
            name: Name::of_field(name),
            renamed: None,
            ty: ty.into(),
            pii: false,
            defaults: false,
            default: None,
            skipped_if: None,
        };
        member.under(Name::of_field(name), name)
    }

    /// A member that takes what stands under its name.
    pub fn of(types: &Types<'_>, (name, content): (&Ident, Content<'_>)) -> Self {
        Self::input(types, (name, content), content.is_optional())
    }

    /// The same, without which a value may be as `presence` says.
    pub fn input(
        types: &Types<'_>,
        (name, content): (&Ident, Content<'_>),
        presence: impl Into<Presence>,
    ) -> Self {
        let presence = presence.into();
        let (base, list, doc) = match content {
            Content::Field(field) => (types.base(&field.ty), field.list, field_doc(field)),
            Content::Entities(of) => (types.own(of.name.as_str()), true, of.doc.clone()),
        };
        let ty = types.wrap(base, presence, list);
        let pii = matches!(content, Content::Field(field) if field.pii);
        let member = Self::new(name.as_str(), ty, doc.as_deref()).pii(pii);
        member.shaped(presence, list)
    }

    /// The same, which is personal data or not.
    pub fn pii(mut self, pii: bool) -> Self {
        self.pii = pii;
        self
    }

    /// The same, for a type that was wrapped as `presence` and `list` ask.
    pub fn shaped(mut self, presence: impl Into<Presence>, list: bool) -> Self {
        let presence = presence.into();
        let always = matches!(presence, Presence::Required | Presence::Defaulted);
        self.defaults = list || !always;
        self.skipped_if = match presence {
            Presence::Required | Presence::Defaulted => None,
            Presence::Optional | Presence::Kept => Some("Option::is_none"),
            Presence::Clearable => Some("platform_contract::value::Patch::is_keep"),
        }
        .map(Literal::text);
        self
    }

    /// The same with an identifier of its own; `json` is its name in JSON.
    pub fn under(mut self, name: Name, json: &str) -> Self {
        let is_same = name.to_string().trim_start_matches("r#") == json;
        self.renamed = (!is_same).then(|| Literal::text(json));
        self.name = name;
        self
    }

    /// The same, under a name that JSON knows nothing of.
    pub fn unknown_to_json(mut self) -> Self {
        self.renamed = None;
        self
    }

    /// The same, where the function of this path gives what is missing.
    pub fn with_default(mut self, path: &str) -> Self {
        self.default = Some(Literal::text(path));
        self
    }

    /// The same in a struct that is only written: nothing is missing from it.
    pub fn written(mut self) -> Self {
        (self.defaults, self.default) = (false, None);
        self
    }
}
