//! What stands in SQL.

use std::fmt;

use serde::Serialize;

/// The name of a table, column or index, without its quotes: `order__line`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct SqlName(String);

impl SqlName {
    /// A name as it is.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for SqlName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The type of a column: `NUMERIC(18, 2)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct SqlType(String);

impl From<&str> for SqlType {
    fn from(ty: &str) -> Self {
        Self(ty.to_owned())
    }
}

impl From<String> for SqlType {
    fn from(ty: String) -> Self {
        Self(ty)
    }
}
