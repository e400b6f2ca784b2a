//! Values in the binary form in which PostgreSQL takes and gives them, and arrays of them.

use platform_ports::engine::EngineError;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo};
use sqlx::{Encode, Postgres};
use uuid::Uuid;

use super::numeric;

/// The microseconds and days from 1970 to 2000, from which PostgreSQL counts.
const EPOCH_MICROS: i64 = 946_684_800_000_000;
const EPOCH_DAYS: i32 = 10_957;

/// A type of PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Bool,
    Bytes,
    Int,
    Text,
    Float,
    Date,
    Instant,
    Numeric,
    Uuid,
}

impl Type {
    const fn numbers(self) -> (u32, u32) {
        match self {
            Self::Bool => (16, 1000),
            Self::Bytes => (17, 1001),
            Self::Int => (20, 1016),
            Self::Text => (25, 1009),
            Self::Float => (701, 1022),
            Self::Date => (1082, 1182),
            Self::Instant => (1184, 1185),
            Self::Numeric => (1700, 1231),
            Self::Uuid => (2950, 2951),
        }
    }

    /// Its name in SQL.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Bool => "boolean",
            Self::Bytes => "bytea",
            Self::Int => "bigint",
            Self::Text => "text",
            Self::Float => "double precision",
            Self::Date => "date",
            Self::Instant => "timestamptz",
            Self::Numeric => "numeric",
            Self::Uuid => "uuid",
        }
    }
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Sql {
    Null,
    Bool(bool),
    Bytes(Vec<u8>),
    Int(i64),
    Text(String),
    Float(f64),
    /// Days since 1970.
    Date(i32),
    /// Microseconds since 1970.
    Instant(i64),
    /// A whole number of the last of so many digits after the point.
    Numeric(i128, u8),
    Uuid(Uuid),
}

impl Sql {
    fn write(&self, buffer: &mut Vec<u8>) -> Result<IsNull, BoxDynError> {
        match self {
            Self::Null => return Ok(IsNull::Yes),
            Self::Bool(truth) => buffer.push(u8::from(*truth)),
            Self::Bytes(bytes) => buffer.extend_from_slice(bytes),
            Self::Int(number) => buffer.extend_from_slice(&number.to_be_bytes()),
            Self::Text(text) if text.contains('\0') => {
                return Err("a text has the character U+0000, which PostgreSQL has not".into());
            }
            Self::Text(text) => buffer.extend_from_slice(text.as_bytes()),
            Self::Float(number) => buffer.extend_from_slice(&number.to_be_bytes()),
            Self::Date(days) => buffer.extend_from_slice(&(days - EPOCH_DAYS).to_be_bytes()),
            Self::Instant(micros) => {
                buffer.extend_from_slice(&(micros - EPOCH_MICROS).to_be_bytes());
            }
            Self::Numeric(number, scale) => numeric::write(*number, *scale, buffer),
            Self::Uuid(uuid) => buffer.extend_from_slice(uuid.as_bytes()),
        }
        Ok(IsNull::No)
    }

    /// Reads what the server sent; `None` when that is no value of the type.
    pub(super) fn read(of: Type, bytes: &[u8]) -> Option<Self> {
        Some(match of {
            Type::Bool => Self::Bool(*bytes.first()? != 0),
            Type::Bytes => Self::Bytes(bytes.to_vec()),
            Type::Int => Self::Int(i64::from_be_bytes(bytes.try_into().ok()?)),
            Type::Text => Self::Text(std::str::from_utf8(bytes).ok()?.to_owned()),
            Type::Float => Self::Float(f64::from_be_bytes(bytes.try_into().ok()?)),
            Type::Date => {
                Self::Date(i32::from_be_bytes(bytes.try_into().ok()?).checked_add(EPOCH_DAYS)?)
            }
            Type::Instant => {
                Self::Instant(i64::from_be_bytes(bytes.try_into().ok()?).checked_add(EPOCH_MICROS)?)
            }
            Type::Numeric => {
                let (number, scale) = numeric::read(bytes)?;
                Self::Numeric(number, scale)
            }
            Type::Uuid => Self::Uuid(Uuid::from_slice(bytes).ok()?),
        })
    }

    /// Reads an array of one dimension; `None` when it is none of such values.
    pub(super) fn read_array(of: Type, bytes: &[u8]) -> Option<Vec<Self>> {
        let mut rest = bytes;
        let (dimensions, _, number) = (int(&mut rest)?, int(&mut rest)?, int(&mut rest)?);
        if dimensions == 0 {
            return Some(Vec::new());
        }
        let (length, _) = (int(&mut rest)?, int(&mut rest)?);
        if dimensions != 1 || u32::try_from(number).ok()? != of.numbers().0 {
            return None;
        }
        (0..length)
            .map(|_| match usize::try_from(int(&mut rest)?) {
                Err(_) => Some(Self::Null),
                Ok(size) => {
                    let (one, others) = rest.split_at_checked(size)?;
                    rest = others;
                    Self::read(of, one)
                }
            })
            .collect()
    }
}

fn int(bytes: &mut &[u8]) -> Option<i32> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(i32::from_be_bytes(*first))
}

/// One value, or an array.
enum Argument<'a> {
    One(Type, &'a Sql),
    Many(Type, &'a [Sql]),
}

impl sqlx::Type<Postgres> for Argument<'_> {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(Type::Text.numbers().0))
    }
}

impl Encode<'_, Postgres> for Argument<'_> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        match self {
            Self::One(_, value) => value.write(buffer),
            Self::Many(of, values) => {
                for header in [1, 1, i32::try_from(of.numbers().0)?] {
                    buffer.extend_from_slice(&header.to_be_bytes());
                }
                buffer.extend_from_slice(&i32::try_from(values.len())?.to_be_bytes());
                buffer.extend_from_slice(&1_i32.to_be_bytes());
                for value in *values {
                    element(value, buffer)?;
                }
                Ok(IsNull::No)
            }
        }
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(PgTypeInfo::with_oid(Oid(match self {
            Self::One(of, _) => of.numbers().0,
            Self::Many(of, _) => of.numbers().1,
        })))
    }
}

fn element(value: &Sql, buffer: &mut Vec<u8>) -> Result<(), BoxDynError> {
    let start = buffer.len();
    buffer.extend_from_slice(&(-1_i32).to_be_bytes());
    if matches!(value.write(buffer)?, IsNull::No) {
        let length = i32::try_from(buffer.len() - start - 4)?;
        if let Some(place) = buffer.get_mut(start..start + 4) {
            place.copy_from_slice(&length.to_be_bytes());
        }
    }
    Ok(())
}

/// The parameters of a statement, in their order.
#[derive(Default)]
pub(super) struct Arguments {
    given: sqlx::postgres::PgArguments,
    refused: Option<String>,
}

impl Arguments {
    /// One value more.
    pub(super) fn one(mut self, of: Type, value: &Sql) -> Self {
        self.add(Argument::One(of, value));
        self
    }

    /// One array more.
    pub(super) fn many(mut self, of: Type, values: &[Sql]) -> Self {
        self.add(Argument::Many(of, values));
        self
    }

    /// One text more.
    pub(super) fn text(self, text: &str) -> Self {
        self.one(Type::Text, &Sql::Text(text.to_owned()))
    }

    /// One number more.
    pub(super) fn int(self, number: impl Into<i64>) -> Self {
        self.one(Type::Int, &Sql::Int(number.into()))
    }

    /// One UUID more.
    pub(super) fn uuid(self, uuid: Uuid) -> Self {
        self.one(Type::Uuid, &Sql::Uuid(uuid))
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        sqlx::Arguments::len(&self.given)
    }

    fn add(&mut self, argument: Argument<'_>) {
        if let Err(error) = sqlx::Arguments::add(&mut self.given, argument) {
            self.refused.get_or_insert_with(|| error.to_string());
        }
    }

    /// What the statement takes.
    ///
    /// # Errors
    /// When a value is none that PostgreSQL can store.
    pub(super) fn take(self) -> Result<sqlx::postgres::PgArguments, EngineError> {
        match self.refused {
            Some(why) => Err(EngineError::Corrupt(why)),
            None => Ok(self.given),
        }
    }
}
