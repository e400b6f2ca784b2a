//! Columns of the runtime's schema.

use serde::Serialize;

use super::Literal;
use crate::model::{Default, Field, Presence, Scalar, Type};
use crate::plan::rust::expr::{call, text};
use crate::plan::rust::{Expr, Place, names};

/// A column, and what values it takes: the component `column` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct Column {
    /// Its name.
    pub name: Literal,
    /// What kind of value it holds: `schema::Kind::Text`.
    pub kind: Expr,
    /// What its absence means, as the runtime has it: `optional`, `kept`, `clearable`; `None` where it has to
    /// be there.
    pub absence: Option<&'static str>,
    /// What stands for it where it is left out: `json("30")`, `now()`; `None` for nothing.
    pub default: Option<Expr>,
    /// Whether it holds a list.
    pub list: bool,
    /// Whether that is one of entities, of which no two have one id.
    pub distinct_ids: bool,
    /// The table that it refers to, where the database is to look after that.
    pub references: Option<Literal>,
    /// Whether callers are not shown it.
    pub hidden: bool,
    /// Whether it is personal data.
    pub pii: bool,
    /// The bounds of its values.
    pub bounds: Vec<Bound>,
}

/// A bound of a column's values.
#[derive(Debug, Clone, Serialize)]
pub struct Bound {
    /// What the runtime calls it: `max_length`.
    pub name: &'static str,
    /// Its value.
    pub value: Literal,
}

impl Column {
    /// A column without bounds.
    pub fn new(name: &str, kind: impl Into<Expr>, presence: impl Into<Presence>) -> Self {
        Self {
            name: Literal::text(name),
            kind: kind.into(),
            absence: absence(presence.into()),
            default: None,
            list: false,
            distinct_ids: false,
            references: None,
            hidden: false,
            pii: false,
            bounds: Vec::new(),
        }
    }

    /// The column of a field, in a file of `place`.
    pub fn of(field: &Field, presence: impl Into<Presence>, place: Place) -> Self {
        let presence = presence.into();
        let default = field.default.as_ref();
        Self {
            default: default
                .filter(|_| presence == Presence::Defaulted)
                .map(default_value),
            list: field.list,
            hidden: field.hidden,
            pii: field.pii,
            bounds: bounds(field),
            ..Self::new(field.name.as_str(), kind(&field.ty, place), presence)
        }
    }

    /// The same, where the default of its field stands for it where it is left out.
    pub fn defaulted(self, field: &Field) -> Self {
        Self {
            default: field.default.as_ref().map(default_value),
            ..self
        }
    }
}

/// What the absence of a column means.
fn absence(presence: Presence) -> Option<&'static str> {
    match presence {
        Presence::Required => None,
        Presence::Optional | Presence::Defaulted => Some("optional"),
        Presence::Kept => Some("kept"),
        Presence::Clearable => Some("clearable"),
    }
}

/// What stands for what is left out, as the runtime has it.
fn default_value(default: &Default) -> Expr {
    match default {
        Default::Constant(value) => call("json", [text(names::literal(&value.to_string()))]),
        Default::Now => text("now()"),
        Default::Today => text("today()"),
    }
}

fn bounds(field: &Field) -> Vec<Bound> {
    let rules = &field.constraints;
    let values = [
        ("min", &rules.min),
        ("max", &rules.max),
        ("exclusive_min", &rules.exclusive_min),
    ];
    let values = values.into_iter().filter_map(|(name, value)| {
        let value = match value.as_ref()? {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some((name, Literal::text(&value)))
    });
    let lengths = [
        ("min_length", rules.min_length),
        ("max_length", rules.max_length),
    ];
    let lengths = lengths
        .into_iter()
        .filter_map(|(name, length)| Some((name, Literal(length?.to_string()))));
    let pattern = rules
        .pattern
        .iter()
        .map(|text| ("pattern", Literal::text(text)));
    let bounds = values.chain(lengths).chain(pattern);
    bounds.map(|(name, value)| Bound { name, value }).collect()
}

/// The `Kind` of a type, in a file of `place`: one of the runtime's, or a constant of a contract.
pub fn kind(ty: &Type, place: Place) -> Expr {
    let scalar = match ty {
        Type::Reference(_) => "Uuid",
        Type::Enum(path) | Type::Value(path) => {
            let owner = match (&path.context, place) {
                (None, Place::Shared) | (Some(_), Place::Contract) => "crate",
                (None, _) => "shared",
                (Some(_), _) => "contract",
            };
            return constant(owner, path.name.as_str());
        }
        Type::Scalar(scalar) => match scalar {
            Scalar::String | Scalar::Text => "Text",
            Scalar::Bool => "Bool",
            Scalar::Int => "Int",
            Scalar::Float => "Float",
            Scalar::Decimal(format) => &format!("decimal({}, {})", format.precision, format.scale),
            Scalar::Uuid => "Uuid",
            Scalar::Date => "Date",
            Scalar::Timestamp => "Timestamp",
            Scalar::Duration => "Duration",
            Scalar::Bytes => "Bytes",
            Scalar::Json => "Json",
        },
    };
    runtime_kind(scalar)
}

/// A `Kind` of the runtime's: `schema::Kind::Text`.
pub fn runtime_kind(name: &str) -> Expr {
    format!("schema::Kind::{name}").into()
}

/// The constant in a contract that describes a type.
pub fn constant(contract: &str, name: &str) -> Expr {
    format!("{contract}::schema::{}", names::const_ident(name)).into()
}
