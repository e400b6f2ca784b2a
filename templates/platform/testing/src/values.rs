//! Values for tests, from texts.

use std::fmt::Debug;
use std::str::FromStr;

use uuid::Uuid;

use platform_contract::value::{Date, Decimal, Timestamp};

/// The decimal in a text: `"1.50"`.
///
/// # Panics
/// When it is none.
#[track_caller]
pub fn decimal(text: &str) -> Decimal {
    parsed(text)
}

/// The date in a text: `"2026-01-31"`.
///
/// # Panics
/// When it is none.
#[track_caller]
pub fn date(text: &str) -> Date {
    parsed(text)
}

/// The instant in a text: `"2026-01-31T12:00:00Z"`.
///
/// # Panics
/// When it is none.
#[track_caller]
pub fn timestamp(text: &str) -> Timestamp {
    parsed(text)
}

/// An id that is the same for the same number, and another for another.
pub fn id<I: From<Uuid>>(number: u32) -> I {
    // Version and variant of RFC 9562, and the number.
    I::from(Uuid::from_u128(
        0x7000_8000_0000_0000_0000 | u128::from(number),
    ))
}

#[track_caller]
fn parsed<T: FromStr<Err: Debug>>(text: &str) -> T {
    match text.parse() {
        Ok(value) => value,
        Err(error) => panic!("`{text}`: {error:?}"),
    }
}
