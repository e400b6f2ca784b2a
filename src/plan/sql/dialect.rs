//! What SQL calls things, by database: the shapes that the runtime's engines expect.

use std::borrow::Cow;

use crate::model::{Field, Scalar, Type};

/// A database that speaks SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite, with strict tables.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl Dialect {
    /// The type of ids.
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Sqlite => "TEXT",
            Self::Postgres => "UUID",
        }
    }

    /// The type of texts, which are ordered by code point.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Sqlite => "TEXT",
            Self::Postgres => "TEXT COLLATE \"C\"",
        }
    }

    /// The type of whole numbers.
    pub(super) const fn integer(self) -> &'static str {
        match self {
            Self::Sqlite => "INTEGER",
            Self::Postgres => "BIGINT",
        }
    }

    /// The type of instants.
    pub(super) const fn timestamp(self) -> &'static str {
        match self {
            Self::Sqlite => "TEXT",
            Self::Postgres => "TIMESTAMPTZ",
        }
    }

    /// What follows a table.
    pub(super) const fn table(self) -> &'static str {
        match self {
            Self::Sqlite => " STRICT",
            Self::Postgres => "",
        }
    }

    /// What follows a table whose key is of several columns.
    pub(super) const fn keyed_table(self) -> &'static str {
        match self {
            Self::Sqlite => " WITHOUT ROWID, STRICT",
            Self::Postgres => "",
        }
    }

    /// What an index says of a column that answers are ordered by: absent values are the least.
    pub(super) const fn order(self, optional: bool, descending: bool) -> &'static str {
        match (self, optional, descending) {
            (Self::Sqlite, ..) | (Self::Postgres, false, false) => "",
            (Self::Postgres, true, false) => " NULLS FIRST",
            (Self::Postgres, false, true) => " DESC",
            (Self::Postgres, true, true) => " DESC NULLS LAST",
        }
    }

    /// The type of a field.
    pub(super) fn column(self, field: &Field) -> Cow<'static, str> {
        if field.list {
            return self.text().into();
        }
        match &field.ty {
            Type::Reference(_) => self.id().into(),
            Type::Enum(_) | Type::Value(_) => self.text().into(),
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

fn postgres(scalar: Scalar) -> Cow<'static, str> {
    let ty = match scalar {
        Scalar::Bool => "BOOLEAN",
        Scalar::Int | Scalar::Duration => "BIGINT",
        Scalar::Decimal(format) => {
            return format!("NUMERIC({}, {})", format.precision, format.scale).into();
        }
        Scalar::Float => "DOUBLE PRECISION",
        Scalar::Bytes => "BYTEA",
        Scalar::Uuid => "UUID",
        Scalar::Date => "DATE",
        Scalar::Timestamp => "TIMESTAMPTZ",
        _ => Dialect::Postgres.text(),
    };
    ty.into()
}
