//! The types of fields, in Rust.

use crate::model::{Field, Presence, Reference, Scalar, Type, TypePath};

use super::imports::{Imports, Module};
use super::names;

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
#[derive(Clone, Copy)]
pub struct Types<'a> {
    /// The context whose types are meant.
    pub context: &'a str,
    /// Where they are written.
    pub place: Place,
    /// What that file imports; `None` for one that writes each name with its path.
    pub imports: Option<&'a Imports>,
}

impl Types<'_> {
    /// How a name is written, which is imported where the file does so.
    pub fn take(&self, from: Module, name: &str) -> String {
        match self.imports {
            Some(imports) => imports.take(from, name),
            None => from.path(name),
        }
    }

    /// Imports a type that the context's contract declares; the identifier to write.
    pub fn own(&self, name: &str) -> String {
        let ident = names::type_ident(name);
        match self.place {
            Place::Contract => format!("crate::{ident}"),
            Place::Service => self.take(Module::Contract, &ident),
            Place::Elsewhere => format!("{}::{ident}", contract_crate(self.context)),
            Place::Shared => ident,
        }
    }

    /// Imports a type of the generated part of the service; the identifier to write.
    pub fn generated(&self, name: &str) -> String {
        self.take(Module::Generated, &names::type_ident(name))
    }

    /// Imports a value object or enum; the identifier to write.
    pub fn declared(&self, path: &TypePath) -> String {
        let ident = names::type_ident(path.name.as_str());
        match (&path.context, self.place) {
            (None, Place::Shared) => ident,
            (None, _) => self.take(Module::Shared, &ident),
            (Some(_), _) => self.own(path.name.as_str()),
        }
    }

    /// The id type of a reference.
    pub fn reference(&self, reference: &Reference) -> String {
        match reference {
            Reference::Local(aggregate) => self.id(aggregate.as_str()),
            Reference::Entity { entity, .. } => self.id(entity.as_str()),
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
    pub fn id(&self, of: &str) -> String {
        self.own(&format!("{of}Id"))
    }

    /// The type of a field without `optional` and `list`.
    pub fn base(&self, ty: &Type) -> String {
        let platform = match ty {
            Type::Enum(path) | Type::Value(path) => return self.declared(path),
            Type::Reference(reference) => return self.reference(reference),
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
        self.take(Module::Value, platform)
    }

    /// The type of a field.
    pub fn field(&self, field: &Field) -> String {
        self.input(field, field.optional.into())
    }

    /// The type of an input.
    pub fn input(&self, field: &Field, presence: Presence) -> String {
        self.wrap(self.base(&field.ty), presence, field.list)
    }

    /// `base` with `Vec` and what may lack it around it as asked.
    pub fn wrap(&self, base: String, presence: impl Into<Presence>, list: bool) -> String {
        let base = match list {
            true => format!("Vec<{base}>"),
            false => base,
        };
        match presence.into() {
            Presence::Required | Presence::Defaulted => base,
            Presence::Optional | Presence::Kept => format!("Option<{base}>"),
            Presence::Clearable => format!("{}<{base}>", self.take(Module::Value, "Patch")),
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
