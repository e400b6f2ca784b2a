//! What SQL calls things, by database: the shapes that the runtime's engines expect.

use serde::Serialize;

use crate::model::{Field, Scalar, Type};
use crate::plan::view::SqlType;

/// A database that speaks SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// SQLite, with strict tables.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// The types of the columns that all tables have.
#[derive(Debug, Serialize)]
pub(super) struct Types {
    id: SqlType,
    text: SqlType,
    integer: SqlType,
    timestamp: SqlType,
}

impl Dialect {
    /// The types of the columns that all tables have.
    pub(super) fn types(self) -> Types {
        Types {
            id: self.id(),
            text: self.text(),
            integer: match self {
                Self::Sqlite => "INTEGER".into(),
                Self::Postgres => "BIGINT".into(),
            },
            timestamp: match self {
                Self::Sqlite => "TEXT".into(),
                Self::Postgres => "TIMESTAMPTZ".into(),
            },
        }
    }

    /// The type of ids.
    fn id(self) -> SqlType {
        match self {
            Self::Sqlite => "TEXT".into(),
            Self::Postgres => "UUID".into(),
        }
    }

    /// The type of texts, which are ordered by code point.
    pub(super) fn text(self) -> SqlType {
        match self {
            Self::Sqlite => "TEXT".into(),
            Self::Postgres => "TEXT COLLATE \"C\"".into(),
        }
    }

    /// What an index says of a column that answers are ordered by: absent values are the least.
    pub(super) const fn order(self, optional: bool, descending: bool) -> &'static str {
        match (self, optional, descending) {
            (Self::Sqlite, ..) | (Self::Postgres, false, false) => "",
            (Self::Postgres, true, false) => "NULLS FIRST",
            (Self::Postgres, false, true) => "DESC",
            (Self::Postgres, true, true) => "DESC NULLS LAST",
        }
    }

    /// The type of a field.
    pub(super) fn column(self, field: &Field) -> SqlType {
        if field.list {
            return self.text();
        }
        match &field.ty {
            Type::Reference(_) => self.id(),
            Type::Enum(_) | Type::Value(_) => self.text(),
            Type::Scalar(scalar) => match self {
                Self::Sqlite => sqlite(*scalar).into(),
                Self::Postgres => postgres(*scalar),
            },
        }
    }
}

fn sqlite(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Bool | Scalar::Int | Scalar::Duration => "INTEGER",
        Scalar::Decimal(format) if format.precision <= 18 => "INTEGER",
        Scalar::Float => "REAL",
        Scalar::Bytes => "BLOB",
        _ => "TEXT",
    }
}

fn postgres(scalar: Scalar) -> SqlType {
    match scalar {
        Scalar::Bool => "BOOLEAN".into(),
        Scalar::Int | Scalar::Duration => "BIGINT".into(),
        Scalar::Decimal(format) => {
            format!("NUMERIC({}, {})", format.precision, format.scale).into()
        }
        Scalar::Float => "DOUBLE PRECISION".into(),
        Scalar::Bytes => "BYTEA".into(),
        Scalar::Uuid => "UUID".into(),
        Scalar::Date => "DATE".into(),
        Scalar::Timestamp => "TIMESTAMPTZ".into(),
        _ => Dialect::Postgres.text(),
    }
}
