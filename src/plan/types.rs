//! The types of fields, in Rust.

use crate::model::{Field, Presence, Reference, Scalar, Type, TypePath};

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
