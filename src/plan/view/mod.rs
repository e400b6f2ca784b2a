//! What templates are filled in with.
//!
//! A template shows the file that it makes; `plan` says what goes into its holes. To write one:
//!
//! 1. Write the file as it shall be, in `templates/`, at the path that it has in a workspace. What differs
//!    between systems becomes a hole, `{{ aggregate.id }}`; what may be there or not, and what comes
//!    several times, stands within `{% if %}` and `{% for %}`. All statements and items are the
//!    template's.
//! 2. Do not lay it out: rustfmt does. Only blank lines stay, at most one, so a `{%-` before what is left out
//!    keeps lists of fields and match arms together.
//! 3. What several files have is a component in `_partials`: `{{<member member={field}/>}}`.
//! 4. Give its view a struct, serialised, one per kind of file, with a sentence on each field. Fields are the
//!    types of this module, flags, numbers, lists of them, and structs for what is looped over. A `String`
//!    is for what stands in text alone.
//! 5. A generated file imports nothing of the user's: these names come with their paths. The
//!    runtime's the template writes out, `platform_contract::value::Timestamp`, or imports. A seeded file has
//!    its imports in the template, as its owner would write them; [`Imports`](super::rust::Imports) fills them in.

mod column;
mod fields;
mod member;
mod sql;

pub use column::{Column, constant, kind, runtime_kind};
pub use fields::Moved;
pub use member::Member;
pub use sql::{SqlName, SqlType};

use serde::Serialize;

use crate::plan::rust::{comments::comment, grouped, names};

/// An identifier of Rust, escaped where it would mean something else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    /// Of a type: `Loan`.
    pub fn of_type(name: &str) -> Self {
        Self(names::type_ident(name))
    }

    /// Of a field, parameter or variable: `amount`.
    pub fn of_field(name: &str) -> Self {
        Self(names::field_ident(name))
    }

    /// Of a member of an aggregate, which has a `meta` of its own: `amount`.
    pub fn of_member(name: &str) -> Self {
        Self(names::member_ident(name))
    }

    /// Of the variable that an aggregate goes by: `loan`.
    pub fn of_variable(aggregate: &str) -> Self {
        Self(names::variable_ident(aggregate))
    }

    /// Of a function: `approve_loan`.
    pub fn of_function(name: &str) -> Self {
        Self(names::method_ident(name))
    }

    /// Of a module, and its file: `loan`.
    pub fn of_module(name: &str) -> Self {
        Self(names::module_ident(name))
    }

    /// Of a constant: `LOAN`.
    pub fn of_constant(name: &str) -> Self {
        Self(names::const_ident(name))
    }

    /// The name itself, or with an underscore where something else is called so.
    #[must_use]
    pub fn other_than(mut self, taken: &[&str]) -> Self {
        if taken.contains(&self.0.as_str()) {
            self.0.push('_');
        }
        self
    }

    /// Of a variant: `Approved`.
    pub fn of_variant(name: &str) -> Self {
        Self(names::variant_ident(name))
    }
}

impl From<String> for Name {
    fn from(identifier: String) -> Self {
        Self(identifier)
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A type of Rust, as it is written in the file: `Option<crate::LoanId>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct TypeRef(String);

impl TypeRef {
    /// A type of a module: `platform_sqlite::Sqlite`.
    pub fn in_module(module: &str, name: &str) -> Self {
        Self(format!("{module}::{}", names::type_ident(name)))
    }

    /// A type that is generated in the service: `crate::generated::Loan`.
    pub fn generated(name: &str) -> Self {
        Self::in_module("crate::generated", name)
    }

    /// The user's type of an effect: `crate::effects::send_invoice::SendInvoice`.
    pub fn of_effect(name: &str) -> Self {
        let module = format!("crate::effects::{}", names::module_ident(name));
        Self::in_module(&module, name)
    }
}

impl std::fmt::Display for TypeRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for TypeRef {
    fn from(ty: String) -> Self {
        Self(ty)
    }
}

/// A literal of Rust: `"loan"`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Literal(String);

impl Literal {
    /// Of a text.
    pub fn text(text: &str) -> Self {
        Self(names::literal(text))
    }

    /// Of texts.
    pub fn texts<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Vec<Self> {
        let texts = texts.into_iter();
        texts.map(|text| Self::text(text.as_ref())).collect()
    }

    /// Of a number: `30_000`.
    pub fn number(number: u64) -> Self {
        Self(grouped(i128::from(number)))
    }
}

/// A value in JSON: `"placed"`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Json(String);

impl Json {
    /// Of a text.
    pub fn text(text: &str) -> Self {
        Self(serde_json::Value::from(text).to_string())
    }
}

/// What is said of something, line by line: `{{ it.doc | doc }}` in a template.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Doc(Vec<String>);

impl Doc {
    /// A text of the description, as rustdoc may read it.
    pub fn of(text: &str) -> Self {
        let lines = comment("", text);
        let lines = lines
            .lines()
            .map(|line| line.strip_prefix(' ').unwrap_or(line));
        Self(lines.map(str::to_owned).collect())
    }

    /// A text of the description where nobody reads more into it, as in comments of SQL.
    pub fn plain(text: Option<&str>) -> Self {
        let lines = text.unwrap_or_default().lines();
        Self(lines.map(|line| line.trim_end().to_owned()).collect())
    }
}
