//! Types and fields.

use std::collections::BTreeMap;

use super::{ContextName, Ident, TypeName};

/// The type of a field, before `optional` and `list` are applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// One of the language's own types.
    Scalar(Scalar),
    /// An enum of the same context or of the shared kernel; inline enums are among them.
    Enum(TypePath),
    /// A value object of the same context or of the shared kernel.
    Value(TypePath),
    /// The id of an aggregate or entity.
    Reference(Reference),
}

/// The language's own types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scalar {
    /// A line of text.
    String,
    /// Text of any length.
    Text,
    /// True or false.
    Bool,
    /// A signed integer of 64 bit.
    Int,
    /// An IEEE 754 binary64, never NaN or infinite.
    Float,
    /// An exact decimal.
    Decimal(DecimalFormat),
    /// A UUID.
    Uuid,
    /// A calendar date without a time zone.
    Date,
    /// An instant in UTC, to the microsecond.
    Timestamp,
    /// A span of time, to the microsecond.
    Duration,
    /// Bytes; base64 in JSON.
    Bytes,
    /// Any JSON value.
    Json,
}

/// `decimal(precision,scale)`: digits in all, and digits after the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecimalFormat {
    /// Digits in all, 1 to 28.
    pub precision: u8,
    /// Digits after the point, 0 to `precision`.
    pub scale: u8,
}

/// Where a value object or enum is declared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypePath {
    /// The context that declares it; `None` for the shared kernel.
    pub context: Option<ContextName>,
    /// Its name there.
    pub name: TypeName,
}

/// What a reference points to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// An aggregate of the same context: a real foreign key where it is stored.
    Local(TypeName),
    /// An aggregate of another context: its id alone, never a foreign key.
    Foreign(ContextName, TypeName),
    /// An entity of an aggregate of the same context.
    Entity {
        /// The aggregate that holds the entity.
        aggregate: TypeName,
        /// The entity.
        entity: TypeName,
    },
}

/// A field of an aggregate, entity, value object, or one that a command or event owns.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name, as in JSON.
    pub name: Ident,
    /// What the description says of it.
    pub doc: Option<String>,
    /// Its type.
    pub ty: Type,
    /// Whether it may be absent.
    pub optional: bool,
    /// Whether it is a list of `ty`.
    pub list: bool,
    /// What it is when nobody gives it.
    pub default: Option<Default>,
    /// Whether no two live aggregates may share its value.
    pub unique: bool,
    /// Whether it is indexed without a query that needs it.
    pub index: bool,
    /// What its values must satisfy.
    pub constraints: Constraints,
    /// Whether it is personal data.
    pub pii: bool,
    /// Whether it is left out of every answer.
    pub hidden: bool,
    /// Why it should no longer be used.
    pub deprecated: Option<String>,
    /// What it was called before.
    pub renamed_from: Option<String>,
    /// Whether existing rows get its value from the user's code.
    pub backfill: bool,
}

impl Field {
    /// Whether whoever makes it has to bring it: no default, not optional, and not a list that may be
    /// empty.
    pub fn is_required(&self) -> bool {
        !self.optional && !self.may_be_empty() && self.default.is_none()
    }

    /// Whether it is a list that may be empty, which JSON may leave out.
    pub fn may_be_empty(&self) -> bool {
        self.list && self.constraints.min_length.unwrap_or(0) == 0
    }
}

/// The default of a field, checked against its type.
#[derive(Debug, Clone, PartialEq)]
pub enum Default {
    /// A constant, in its JSON form.
    Constant(serde_json::Value),
    /// The time of the command: `"now"`.
    Now,
    /// The date of the command, in UTC: `"today"`.
    Today,
}

/// Constraints on a field's value; each applies to the types that have it.
#[derive(Debug, Clone, PartialEq, std::default::Default)]
pub struct Constraints {
    /// The least value allowed, in the JSON form of the type.
    pub min: Option<serde_json::Value>,
    /// The greatest value allowed.
    pub max: Option<serde_json::Value>,
    /// A bound that values must exceed.
    pub exclusive_min: Option<serde_json::Value>,
    /// The least length: characters of a text, bytes of bytes, elements of a list.
    pub min_length: Option<u64>,
    /// The greatest length.
    pub max_length: Option<u64>,
    /// A regular expression the text must match.
    pub pattern: Option<String>,
}

impl Constraints {
    /// Whether nothing is asked of the value.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A value object.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueType {
    /// Its name.
    pub name: TypeName,
    /// What the description says of it.
    pub doc: Option<String>,
    /// Its fields, in order.
    pub fields: indexmap::IndexMap<Ident, Field>,
}

/// An enum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumType {
    /// Its name; `<Owner><Field>` for an inline one.
    pub name: TypeName,
    /// What the description says of it.
    pub doc: Option<String>,
    /// Its values, as in JSON, in order.
    pub values: Vec<String>,
    /// What the description says of single values.
    pub value_docs: BTreeMap<String, String>,
}
