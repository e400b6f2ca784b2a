//! The types of fields: in Rust, as a column of the runtime's schema, and as a column of SQLite.

use crate::model::{Field, Presence, Reference, Scalar, Type, TypePath};

use super::layout::{Expr, call, text};
use super::names;
use super::uses::Uses;

/// The crate a type is written in: what it has to import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The contract of the type's own context.
    Contract,
    /// The service of the type's own context.
    Service,
    /// The service of another context.
    Elsewhere,
    /// The shared kernel.
    Shared,
}

/// Renders the types of one context in one file.
pub struct Types<'a> {
    /// The context whose types are meant.
    pub context: &'a str,
    /// Where they are written.
    pub place: Place,
}

impl Types<'_> {
    /// Imports a type that the context's contract declares; the identifier to write.
    pub fn own(&self, uses: &mut Uses, name: &str) -> String {
        let ident = names::type_ident(name);
        match self.place {
            Place::Contract => uses.take("crate", &ident),
            Place::Service => uses.take("contract", &ident),
            Place::Elsewhere => format!("{}::{ident}", contract_crate(self.context)),
            Place::Shared => ident,
        }
    }

    /// Imports a value object or enum; the identifier to write.
    pub fn declared(&self, uses: &mut Uses, path: &TypePath) -> String {
        let ident = names::type_ident(path.name.as_str());
        match (&path.context, self.place) {
            (None, Place::Shared) => ident,
            (None, _) => uses.take("shared", &ident),
            (Some(_), _) => self.own(uses, path.name.as_str()),
        }
    }

    /// The id type of a reference.
    pub fn reference(&self, uses: &mut Uses, reference: &Reference) -> String {
        match reference {
            Reference::Local(aggregate) => self.id(uses, aggregate.as_str()),
            Reference::Entity { entity, .. } => self.id(uses, entity.as_str()),
            Reference::Foreign(context, aggregate) => {
                let shared = match self.place {
                    Place::Shared => "crate",
                    _ => "shared",
                };
                let module = names::module_ident(context.as_str());
                format!("{shared}::ids::{module}::{aggregate}Id")
            }
        }
    }

    /// The id type of an aggregate or entity of the context.
    pub fn id(&self, uses: &mut Uses, of: &str) -> String {
        self.own(uses, &format!("{of}Id"))
    }

    /// The type of a field without `optional` and `list`.
    pub fn base(&self, uses: &mut Uses, ty: &Type) -> String {
        let platform = match ty {
            Type::Enum(path) | Type::Value(path) => return self.declared(uses, path),
            Type::Reference(reference) => return self.reference(uses, reference),
            Type::Scalar(scalar) => match scalar {
                Scalar::String | Scalar::Text => return "String".to_owned(),
                Scalar::Bool => return "bool".to_owned(),
                Scalar::Int => return "i64".to_owned(),
                Scalar::Float => return "f64".to_owned(),
                Scalar::Decimal(_) => "Decimal",
                Scalar::Uuid => "Uuid",
                Scalar::Date => "Date",
                Scalar::Timestamp => "Timestamp",
                Scalar::Duration => "Duration",
                Scalar::Bytes => "Bytes",
                Scalar::Json => "Json",
            },
        };
        uses.take("platform_contract::value", platform)
    }

    /// The type of a field.
    pub fn field(&self, uses: &mut Uses, field: &Field) -> String {
        self.input(uses, field, field.optional.into())
    }

    /// The type of an input.
    pub fn input(&self, uses: &mut Uses, field: &Field, presence: Presence) -> String {
        let base = self.base(uses, &field.ty);
        wrap(uses, &base, presence, field.list)
    }
}

/// `base` with `Vec` and what may lack it around it as asked.
pub fn wrap(uses: &mut Uses, base: &str, presence: impl Into<Presence>, list: bool) -> String {
    let base = if list {
        format!("Vec<{base}>")
    } else {
        base.to_owned()
    };
    match presence.into() {
        Presence::Required => base,
        Presence::Optional | Presence::Kept => format!("Option<{base}>"),
        Presence::Clearable => {
            let patch = uses.take("platform_contract::value", "Patch");
            format!("{patch}<{base}>")
        }
    }
}

/// The name by which other crates know the contract of a context.
pub fn contract_crate(context: &str) -> String {
    format!("{}_contract", names::snake(context))
}

/// Whether values of the type can be copied.
pub fn is_copy(ty: &Type) -> bool {
    match ty {
        Type::Enum(_) | Type::Reference(_) => true,
        Type::Value(_) => false,
        Type::Scalar(scalar) => !matches!(
            scalar,
            Scalar::String | Scalar::Text | Scalar::Bytes | Scalar::Json
        ),
    }
}

/// The `Kind` of a type, as an expression in a file of `place`.
pub fn kind(ty: &Type, place: Place) -> Expr {
    let scalar = match ty {
        Type::Reference(_) => "Uuid",
        Type::Enum(path) | Type::Value(path) => {
            let module = match (&path.context, place) {
                (None, Place::Shared) | (Some(_), Place::Contract) => "",
                (None, _) => "shared::schema::",
                (Some(_), _) => "contract::schema::",
            };
            return text(format!(
                "{module}{}",
                names::const_ident(path.name.as_str())
            ));
        }
        Type::Scalar(scalar) => match scalar {
            Scalar::String | Scalar::Text => "Text",
            Scalar::Bool => "Bool",
            Scalar::Int => "Int",
            Scalar::Float => "Float",
            Scalar::Decimal(format) => {
                let digits = [format.precision, format.scale].map(|n| text(n.to_string()));
                return call("Kind::decimal", digits.to_vec());
            }
            Scalar::Uuid => "Uuid",
            Scalar::Date => "Date",
            Scalar::Timestamp => "Timestamp",
            Scalar::Duration => "Duration",
            Scalar::Bytes => "Bytes",
            Scalar::Json => "Json",
        },
    };
    text(format!("Kind::{scalar}"))
}

/// The `Column` of a field, as an expression; `table` is the one a local reference names.
pub fn column(
    field: &Field,
    presence: impl Into<Presence>,
    place: Place,
    table: Option<&str>,
) -> Expr {
    let mut calls: Vec<Expr> = absence(presence.into()).into_iter().collect();
    if field.list {
        calls.push(call("list", vec![]));
    }
    if let Some(table) = table {
        calls.push(call("references", vec![text(names::literal(table))]));
    }
    if field.hidden {
        calls.push(call("hidden", vec![]));
    }
    let rules = &field.constraints;
    let bounds = [
        ("min", &rules.min),
        ("max", &rules.max),
        ("exclusive_min", &rules.exclusive_min),
    ];
    for (name, bound) in bounds {
        if let Some(value) = bound {
            calls.push(call(name, vec![text(names::literal(&plain(value)))]));
        }
    }
    for (name, length) in [
        ("min_length", rules.min_length),
        ("max_length", rules.max_length),
    ] {
        if let Some(length) = length {
            calls.push(call(name, vec![text(length.to_string())]));
        }
    }
    if let Some(pattern) = &rules.pattern {
        calls.push(call("pattern", vec![text(names::literal(pattern))]));
    }
    chain(
        new_column(field.name.as_str(), kind(&field.ty, place)),
        calls,
    )
}

/// The call that says of a column what its absence means; `None` where it has to be there.
pub fn absence(presence: Presence) -> Option<Expr> {
    let method = match presence {
        Presence::Required => return None,
        Presence::Optional => "optional",
        Presence::Kept => "kept",
        Presence::Clearable => "clearable",
    };
    Some(call(method, vec![]))
}

/// `Column::new("name", kind)`.
pub fn new_column(name: &str, kind: Expr) -> Expr {
    call("Column::new", vec![text(names::literal(name)), kind])
}

/// `root` with `calls`; `root` alone without any.
pub fn chain(root: Expr, calls: Vec<Expr>) -> Expr {
    if calls.is_empty() {
        root
    } else {
        Expr::Chain(Box::new(root), calls)
    }
}

/// A JSON value as plain text: strings without quotes.
fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
