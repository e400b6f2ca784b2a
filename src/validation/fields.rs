//! Fields: their type, and what their keys say about it.

use std::collections::HashMap;

use indexmap::IndexMap;

use super::checker::{Checker, Home};
use super::type_of::type_of;
use super::{constraints, defaults, names};
use crate::description::raw::{RawField, RawFieldKeys};
use crate::description::{Keyed, Map, Spanned};
use crate::diagnostics::{Diagnostic, Span};
use crate::model::{Constraints, Field, Ident, Scalar, Type, derived};

/// Whose fields are read.
pub(super) struct Owner<'a> {
    /// The context; `None` for the shared kernel.
    pub home: Option<&'a Home<'a>>,
    /// The type that has them.
    pub name: &'a str,
    /// What that is.
    pub place: Place,
    /// The aggregate whose entities they may refer to.
    pub aggregate: Option<&'a str>,
}

/// What has fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// An aggregate.
    Aggregate,
    /// An entity.
    Entity,
    /// A value object.
    Value,
    /// A command or event with fields of its own.
    Own,
}

/// The valid fields of `written`, in order.
pub(super) fn fields(
    cx: &Checker<'_>,
    owner: &Owner<'_>,
    written: &Map<RawField>,
) -> IndexMap<Ident, Field> {
    let mut fields = IndexMap::new();
    let mut seen: HashMap<String, Span> = HashMap::new();
    for (name, raw) in written {
        let name = names::ident(cx, "field", name, raw.key);
        let ty = type_of(cx, owner, name.as_ref(), raw);
        let (Some(name), Some(ty)) = (name, ty) else {
            continue;
        };
        apart(cx, &name, raw.key, &mut seen);
        fields.insert(name.clone(), field(cx, owner, name, ty, raw, written));
    }
    fields
}

/// Reports a field that is in code what an earlier one is.
fn apart(cx: &Checker<'_>, name: &Ident, span: Span, seen: &mut HashMap<String, Span>) {
    let key = derived::collision_key(name.as_str());
    if let Some(other) = seen.insert(key, span) {
        let message = format!("the field `{name}` is called in code as another one");
        let finding = Diagnostic::error("name-collision", message).at(span, "");
        let finding = finding.at(other, "the other one");
        cx.report(finding.help("rename one of them"));
    }
}

fn field(
    cx: &Checker<'_>,
    owner: &Owner<'_>,
    name: Ident,
    ty: Type,
    raw: &Keyed<RawField>,
    written: &Map<RawField>,
) -> Field {
    let (keys, form) = (&raw.value.keys, &raw.value.ty);
    let about = names::about_in(cx, &raw.value.about, written);
    let flag = |key: &Option<Spanned<bool>>| key.as_ref().is_some_and(|flag| flag.value);
    let mut field = Field {
        name,
        doc: about.doc,
        ty,
        optional: form.optional,
        list: form.list,
        default: None,
        unique: flag(&keys.unique),
        index: flag(&keys.index),
        constraints: Constraints::default(),
        pii: flag(&keys.pii),
        hidden: flag(&keys.hidden),
        deprecated: about.deprecated,
        renamed_from: about.renamed_from,
        backfill: flag(&keys.backfill),
    };
    placed(cx, owner, keys);
    keyed(cx, &field, keys);
    field.constraints = constraints::constraints(cx, &field, keys);
    field.default = keys
        .default
        .as_ref()
        .and_then(|raw| defaults::default(cx, &field, raw));
    field
}

/// Reports keys that mean nothing where the field is.
fn placed(cx: &Checker<'_>, owner: &Owner<'_>, keys: &RawFieldKeys) {
    let of_rows = matches!(owner.place, Place::Aggregate | Place::Entity);
    let refused = [
        ("unique", &keys.unique, owner.place == Place::Aggregate),
        ("index", &keys.index, of_rows),
        ("backfill", &keys.backfill, of_rows),
    ];
    for (key, said, allowed) in refused {
        let Some(said) = said.as_ref().filter(|said| said.value && !allowed) else {
            continue;
        };
        let what = match owner.place {
            Place::Entity => "an entity",
            Place::Value => "a value object",
            _ => "a command or an event",
        };
        let message = format!("`{key}` has no meaning for a field of {what}");
        let finding = Diagnostic::error("misplaced-key", message).at(said.span, "");
        cx.report(finding.help(format!(
            "remove `{key}`, or put it on a field of an aggregate"
        )));
    }
}

/// Reports `unique` and `index` on what no index can hold.
fn keyed(cx: &Checker<'_>, field: &Field, keys: &RawFieldKeys) {
    let Some(what) = unindexable(field) else {
        return;
    };
    for (key, said) in [("unique", &keys.unique), ("index", &keys.index)] {
        if let Some(said) = said.as_ref().filter(|said| said.value) {
            let message = format!("`{key}` does not apply to {what}");
            let finding = Diagnostic::error("misplaced-key", message).at(said.span, "");
            cx.report(finding.help(format!(
                "remove `{key}`, or make it a field of a simple type"
            )));
        }
    }
}

/// Why a field cannot be in a key of an index; `None` when it can.
pub(super) fn unindexable(field: &Field) -> Option<&'static str> {
    match field.ty {
        _ if field.list => Some("a list"),
        Type::Value(_) => Some("a value object"),
        Type::Scalar(Scalar::Json) => Some("`json`"),
        _ => None,
    }
}

/// The place of a field's name, for a finding about the field.
pub(super) fn key_of(fields: &Map<RawField>, name: &str) -> Option<Span> {
    fields.get(name).map(|raw| raw.key)
}
