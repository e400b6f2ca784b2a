//! Members of structs that are read from JSON and written to it.

use serde::Serialize;

use super::{Doc, Expr, Name, TypeRef};
use crate::model::Presence;
use crate::plan::{members, names};

/// A member of a struct: the component `member` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct Member {
    /// What is said of it; empty when nothing is.
    pub doc: Doc,
    /// Its identifier.
    pub name: Name,
    /// Its type.
    #[serde(rename = "type")]
    pub ty: TypeRef,
    /// What serde is told of it: `rename = "type"`, `default`.
    pub serde: Vec<Expr>,
}

impl From<members::Member> for Member {
    fn from(member: members::Member) -> Self {
        let mut serde = Vec::new();
        let mut tell = |what: &str, value: &str| {
            serde.push(Expr(format!("{what} = {}", names::literal(value))));
        };
        if member.ident.trim_start_matches("r#") != member.wire {
            tell("rename", &member.wire);
        }
        let is_absent = match member.presence {
            Presence::Required => None,
            Presence::Optional | Presence::Kept => Some("Option::is_none"),
            Presence::Clearable => Some("platform_contract::value::Patch::is_keep"),
        };
        match &member.default {
            Some(path) if !path.is_empty() => tell("default", path),
            _ if member.serialize_only => {}
            None if is_absent.is_none() => {}
            _ => serde.push(Expr("default".to_owned())),
        }
        if let Some(is_absent) = is_absent {
            let is_absent = names::literal(is_absent);
            serde.push(Expr(format!("skip_serializing_if = {is_absent}")));
        }
        Self {
            doc: Doc::of(member.doc.as_deref().unwrap_or_default()),
            name: Name(member.ident),
            ty: TypeRef(member.ty),
            serde,
        }
    }
}
