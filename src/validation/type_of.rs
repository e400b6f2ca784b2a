//! The types of fields: the language's own, those declared, references.

use super::checker::{Checker, Home};
use super::fields::Owner;
use super::types;
use crate::description::raw::{RawField, RawPath, RawTypeExpr, Text};
use crate::description::{Keyed, Spanned};
use crate::diagnostics::{Diagnostic, did_you_mean};
use crate::model::{DecimalFormat, Ident, Reference, Scalar, Type, TypeName, TypePath, derived};

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

/// The type that a field was given.
pub(super) fn type_of(
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
