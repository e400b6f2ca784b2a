//! Fields: their type, and what their keys say about it.

use indexmap::IndexMap;

use super::checker::{Checker, Home};
use super::{constraints, defaults, names, types};
use crate::description::raw::{RawField, RawFieldKeys, RawPath, RawTypeExpr, Text};
use crate::description::{Keyed, Map, Spanned};
use crate::diagnostics::{Diagnostic, Span, did_you_mean};
use crate::model::{
    Constraints, DecimalFormat, Field, Ident, Reference, Scalar, Type, TypeName, TypePath, derived,
};

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

/// The names of the language's own types, for "did you mean".
const SCALARS: [&str; 12] = [
    "string",
    "text",
    "bool",
    "int",
    "float",
    "decimal(18,2)",
    "uuid",
    "date",
    "timestamp",
    "duration",
    "bytes",
    "json",
];

/// The valid fields of `written`, in order.
pub(super) fn fields(
    cx: &Checker<'_>,
    owner: &Owner<'_>,
    written: &Map<RawField>,
) -> IndexMap<Ident, Field> {
    let mut fields = IndexMap::new();
    for (name, raw) in written {
        let name = names::ident(cx, "field", name, raw.key);
        let ty = self::ty(cx, owner, name.as_ref(), raw);
        let (Some(name), Some(ty)) = (name, ty) else {
            continue;
        };
        apart(cx, &name, raw.key, &fields, written);
        fields.insert(name.clone(), field(cx, owner, name, ty, raw, written));
    }
    fields
}

/// Reports a field that is in code what an earlier one is.
fn apart(
    cx: &Checker<'_>,
    name: &Ident,
    span: Span,
    earlier: &IndexMap<Ident, Field>,
    written: &Map<RawField>,
) {
    let key = derived::collision_key(name.as_str());
    let same = |other: &&Ident| derived::collision_key(other.as_str()) == key;
    if let Some(other) = earlier.keys().find(same) {
        let message = format!("the fields `{other}` and `{name}` are one name in code");
        let finding = Diagnostic::error("name-collision", message).at(span, "");
        let place = key_of(written, other.as_str());
        let finding = place
            .into_iter()
            .fold(finding, |finding, at| finding.at(at, "the other one"));
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

fn ty(
    cx: &Checker<'_>,
    owner: &Owner<'_>,
    name: Option<&Ident>,
    raw: &Keyed<RawField>,
) -> Option<Type> {
    let expr = &raw.value.ty.expr;
    match &expr.value {
        RawTypeExpr::Named(of) => named(cx, owner, of),
        RawTypeExpr::Decimal { precision, scale } => decimal(cx, precision, scale),
        RawTypeExpr::Ref(path) => reference(cx, owner, path).map(Type::Reference),
        RawTypeExpr::Enum(words) => {
            let name = TypeName::derived(&derived::inline_enum(owner.name, name?.as_str()));
            let context = owner.home.map(|home| &home.name);
            let made = types::enum_type(cx, name.clone(), words, expr.span, None);
            cx.declare_inline(context, made);
            Some(Type::Enum(TypePath {
                context: context.cloned(),
                name,
            }))
        }
    }
}

fn decimal(cx: &Checker<'_>, precision: &Spanned<u32>, scale: &Spanned<u32>) -> Option<Type> {
    const MOST: u32 = 28;
    if !(1..=MOST).contains(&precision.value) {
        let message = format!("a decimal has 1 to {MOST} digits, not {}", precision.value);
        let finding = Diagnostic::error("decimal-format", message).at(precision.span, "");
        cx.report(finding.help("write it as `decimal(18,2)`"));
        return None;
    }
    if scale.value > precision.value {
        let message = format!(
            "a decimal of {} digits cannot have {} after the point",
            precision.value, scale.value
        );
        let finding = Diagnostic::error("decimal-format", message).at(scale.span, "");
        cx.report(finding.help(format!("write `decimal({0},{0})` at most", precision.value)));
        return None;
    }
    let digit = |value: u32| u8::try_from(value).ok();
    let format = DecimalFormat {
        precision: digit(precision.value)?,
        scale: digit(scale.value)?,
    };
    Some(Type::Scalar(Scalar::Decimal(format)))
}

fn scalar(name: &str) -> Option<Scalar> {
    Some(match name {
        "string" => Scalar::String,
        "text" => Scalar::Text,
        "bool" => Scalar::Bool,
        "int" => Scalar::Int,
        "float" => Scalar::Float,
        "uuid" => Scalar::Uuid,
        "date" => Scalar::Date,
        "timestamp" => Scalar::Timestamp,
        "duration" => Scalar::Duration,
        "bytes" => Scalar::Bytes,
        "json" => Scalar::Json,
        _ => return None,
    })
}

fn named(cx: &Checker<'_>, owner: &Owner<'_>, of: &Text) -> Option<Type> {
    if let Some(scalar) = scalar(&of.value) {
        return Some(Type::Scalar(scalar));
    }
    let own = owner
        .home
        .map(|home| (Some(&home.name), &home.raw.enums, &home.raw.values));
    let shared = (None, &cx.raw.enums, &cx.raw.values);
    for (context, enums, values) in own.into_iter().chain([shared]) {
        let path = || {
            let name = TypeName::new(&of.value)?;
            Some(TypePath {
                context: context.cloned(),
                name,
            })
        };
        if enums.declares(&of.value) {
            return path().map(Type::Enum);
        }
        if values.declares(&of.value) {
            return path().map(Type::Value);
        }
    }
    if cx.raw.readable {
        cx.report(unknown_type(cx, owner, of));
    }
    None
}

fn unknown_type(cx: &Checker<'_>, owner: &Owner<'_>, of: &Text) -> Diagnostic {
    let name = of.value.as_str();
    let finding =
        Diagnostic::error("unknown-name", format!("there is no type `{name}`")).at(of.span, "");
    if owner
        .home
        .is_some_and(|home| home.raw.aggregates.declares(name))
    {
        return finding
            .note(format!(
                "`{name}` is an aggregate: others hold its id, not itself"
            ))
            .help(format!("write `{{ ref = \"{name}\" }}`"));
    }
    if name.contains('.') {
        return finding
            .note("a context's types are its own")
            .help("declare the type in this context, or in the shared kernel: `[values.…]`");
    }
    let contexts = owner.home.map(|home| home.raw);
    let own = contexts
        .into_iter()
        .flat_map(|raw| raw.enums.keys().chain(raw.values.keys()));
    let shared = cx.raw.enums.keys().chain(cx.raw.values.keys());
    let known = SCALARS
        .into_iter()
        .chain(own.chain(shared).map(String::as_str));
    match did_you_mean(name, known) {
        Some(meant) => finding.help(format!("did you mean `{meant}`?")),
        None => finding.help(format!(
            "declare it as a value object or an enum, or use one of {}",
            SCALARS.map(|scalar| format!("`{scalar}`")).join(", ")
        )),
    }
}

fn reference(cx: &Checker<'_>, owner: &Owner<'_>, path: &RawPath) -> Option<Reference> {
    let name = TypeName::new(&path.name.value);
    let Some(context) = &path.context else {
        return local(cx, owner, &path.name).filter(|_| name.is_some());
    };
    let Some(raw) = cx.raw.contexts.get(&context.value) else {
        if !cx.raw.contexts.declares(&context.value) {
            cx.unknown(
                "context",
                context,
                cx.raw.contexts.keys().map(String::as_str),
            );
        }
        return None;
    };
    let aggregates = &raw.value.aggregates;
    if !aggregates.declares(&path.name.value) {
        let what = format!("aggregate of `{}`", context.value);
        cx.unknown(&what, &path.name, aggregates.keys().map(String::as_str));
        return None;
    }
    let own = owner
        .home
        .is_some_and(|home| home.name.as_str() == context.value);
    let context = crate::model::ContextName::new(&context.value)?;
    Some(if own {
        Reference::Local(name?)
    } else {
        Reference::Foreign(context, name?)
    })
}

/// A reference within the context: to an aggregate, or to an entity of the field's aggregate.
fn local(cx: &Checker<'_>, owner: &Owner<'_>, name: &Text) -> Option<Reference> {
    let Some(home) = owner.home else {
        let message = format!("the shared kernel has no aggregate `{}`", name.value);
        let finding = Diagnostic::error("unknown-name", message).at(name.span, "");
        cx.report(finding.help(format!("name its context: `\"context.{}\"`", name.value)));
        return None;
    };
    if home.raw.aggregates.declares(&name.value) {
        return TypeName::new(&name.value).map(Reference::Local);
    }
    let aggregate = owner
        .aggregate
        .and_then(|name| Some((name, home.raw.aggregates.get(name)?)));
    if let Some((aggregate, raw)) = aggregate
        && raw.value.entities.declares(&name.value)
    {
        let aggregate = TypeName::new(aggregate)?;
        return Some(Reference::Entity {
            aggregate,
            entity: TypeName::new(&name.value)?,
        });
    }
    let entities = aggregate
        .into_iter()
        .flat_map(|(_, raw)| raw.value.entities.keys());
    let known = home
        .raw
        .aggregates
        .keys()
        .chain(entities)
        .map(String::as_str);
    let finding = cx.unknown_name("aggregate or entity", name, known)?;
    cx.report(elsewhere(cx, home, name, finding));
    None
}

/// Adds where else there is something of that name.
fn elsewhere(cx: &Checker<'_>, home: &Home<'_>, name: &Text, finding: Diagnostic) -> Diagnostic {
    let other = cx
        .raw
        .contexts
        .iter()
        .find(|(_, raw)| raw.value.aggregates.declares(&name.value));
    if let Some((context, _)) = other {
        return finding.help(format!(
            "write `{context}.{}` for the one of `{context}`",
            name.value
        ));
    }
    let holder = |raw: &Keyed<crate::description::raw::RawAggregate>| {
        raw.value.entities.declares(&name.value)
    };
    match home.raw.aggregates.iter().find(|(_, raw)| holder(raw)) {
        Some((aggregate, _)) => finding.note(format!(
            "`{}` is an entity of `{aggregate}`: only fields of that aggregate, its commands and \
             its events refer to it",
            name.value
        )),
        None => finding,
    }
}

/// The place of a field's name, for a finding about the field.
pub(super) fn key_of(fields: &Map<RawField>, name: &str) -> Option<Span> {
    fields.get(name).map(|raw| raw.key)
}
