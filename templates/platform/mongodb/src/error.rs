//! What MongoDB's errors mean to the runtime.

use mongodb::bson::{Bson, Document};
use mongodb::error::{Error as DriverError, ErrorKind, WriteFailure};
use platform_ports::engine::{CommitError, EngineError};

/// A unique index has the value already.
const DUPLICATE_KEY: i32 = 11_000;

/// A document is not what its collection accepts (DocumentValidationFailure).
const NOT_ACCEPTED: i32 = 121;

/// Codes of commands that fail alike however often they are tried: what is asked or stored is wrong.
const LASTING: [i32; 10] = [
    2,  // BadValue
    9,  // FailedToParse
    14, // TypeMismatch
    52, // DollarPrefixedFieldName
    59, // CommandNotFound
    NOT_ACCEPTED,
    10_334, // BSONObjectTooLarge
    16_389, // the result is too large
    17_280, // KeyTooLong
    17_419, // the result is larger than a document may be
];

/// What everything that asks the server fails with: an engine's error, in a type of this crate, as `?`
/// can make one of the driver's into nothing else.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct Error(#[from] EngineError);

impl From<DriverError> for Error {
    fn from(error: DriverError) -> Self {
        let lasting = match error.kind.as_ref() {
            ErrorKind::Command(command) => LASTING.contains(&command.code),
            ErrorKind::Write(WriteFailure::WriteError(write)) => LASTING.contains(&write.code),
            ErrorKind::InvalidArgument { .. }
            | ErrorKind::Bson(_)
            | ErrorKind::BsonDeserialization(_)
            | ErrorKind::BsonSerialization(_)
            | ErrorKind::InvalidResponse { .. } => true,
            _ => false,
        };
        let text = match error.kind.as_ref() {
            ErrorKind::Write(WriteFailure::WriteError(write)) if write.code == NOT_ACCEPTED => {
                not_accepted(&write.message, write.details.as_ref())
            }
            _ => error.to_string(),
        };
        Self(match lasting {
            true => EngineError::Corrupt(text),
            false => EngineError::Unavailable(text),
        })
    }
}

impl From<Error> for EngineError {
    fn from(Error(error): Error) -> Self {
        error
    }
}

impl From<Error> for CommitError {
    fn from(Error(error): Error) -> Self {
        Self::Engine(error)
    }
}

/// What is said of a document that is not accepted: which of its fields, but not what they hold, which
/// is not for logs.
fn not_accepted(message: &str, details: Option<&Document>) -> String {
    let mut fields = Vec::new();
    if let Some(details) = details {
        fields_in(details, &mut fields);
    }
    format!("{message}: `{}`", fields.join("`, `"))
}

fn fields_in(details: &Document, fields: &mut Vec<String>) {
    for (name, value) in details {
        match (name.as_str(), value) {
            ("propertyName", Bson::String(field)) => fields.push(field.clone()),
            ("missingProperties", Bson::Array(names)) => {
                fields.extend(names.iter().filter_map(Bson::as_str).map(str::to_owned));
            }
            ("specifiedAs" | "consideredValue", _) => {}
            (_, Bson::Document(inner)) => fields_in(inner, fields),
            (_, Bson::Array(all)) => {
                let inner = all.iter().filter_map(Bson::as_document);
                inner.for_each(|one| fields_in(one, fields));
            }
            _ => {}
        }
    }
}

/// The unique index that kept a write from being done.
pub(super) fn duplicate(error: &DriverError) -> Option<String> {
    match error.kind.as_ref() {
        ErrorKind::Write(WriteFailure::WriteError(write)) if write.code == DUPLICATE_KEY => {
            Some(index_of(&write.message))
        }
        ErrorKind::Command(command) if command.code == DUPLICATE_KEY => {
            Some(index_of(&command.message))
        }
        _ => None,
    }
}

/// The name in `… index: things_name_key dup key: …`.
fn index_of(message: &str) -> String {
    let after = message.split_once("index: ").map_or("", |(_, after)| after);
    after
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// What a command that writes several documents answered.
pub(super) enum BulkWriteOutcome {
    /// So many of them were there, or inserted.
    Matched(u64),
    /// One broke a unique index of this name; those after it were not tried.
    Duplicate(String),
}

/// Reads the answer of such a command: errors of single writes are inside of it.
pub(super) fn written(answer: &Document) -> Result<BulkWriteOutcome, EngineError> {
    if let Some(first) = answer
        .get_array("writeErrors")
        .ok()
        .and_then(|errors| errors.first())
        .and_then(Bson::as_document)
    {
        let message = first.get_str("errmsg").unwrap_or_default();
        return match number(first, "code") {
            Some(code) if code == i64::from(DUPLICATE_KEY) => {
                Ok(BulkWriteOutcome::Duplicate(index_of(message)))
            }
            Some(code) if code == i64::from(NOT_ACCEPTED) => Err(EngineError::Corrupt(
                not_accepted(message, first.get_document("errInfo").ok()),
            )),
            Some(code) if LASTING.iter().any(|lasting| i64::from(*lasting) == code) => {
                Err(EngineError::Corrupt(message.to_owned()))
            }
            _ => Err(EngineError::Unavailable(message.to_owned())),
        };
    }
    if let Ok(concern) = answer.get_document("writeConcernError") {
        let message = concern.get_str("errmsg").unwrap_or_default();
        return Err(EngineError::Unavailable(message.to_owned()));
    }
    let matched = number(answer, "n").and_then(|n| u64::try_from(n).ok());
    Ok(BulkWriteOutcome::Matched(matched.unwrap_or(0)))
}

/// A whole number, whatever type the server gave it.
pub(super) fn number(document: &Document, name: &str) -> Option<i64> {
    match document.get(name)? {
        Bson::Int32(number) => Some((*number).into()),
        Bson::Int64(number) => Some(*number),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "servers count in doubles, too"
        )]
        Bson::Double(number) => Some(*number as i64),
        _ => None,
    }
}

/// Whether a field is there and true.
pub(super) fn is_true(document: &Document, name: &str) -> bool {
    document.get_bool(name).unwrap_or(false)
}

/// A field that is not what it has to be.
pub(super) fn corrupt(what: &str) -> EngineError {
    EngineError::Corrupt(format!("`{what}` is not stored as it should be"))
}

/// A number that MongoDB keeps signed.
pub(super) fn signed(number: u64) -> Result<i64, EngineError> {
    i64::try_from(number).map_err(|_| EngineError::Corrupt(format!("{number} is too large")))
}

/// A stored number that is never negative.
pub(super) fn unsigned(document: &Document, name: &str) -> Result<u64, EngineError> {
    number(document, name)
        .and_then(|number| u64::try_from(number).ok())
        .ok_or_else(|| corrupt(name))
}

/// A stored text.
pub(super) fn text<'a>(document: &'a Document, name: &str) -> Result<&'a str, EngineError> {
    document.get_str(name).map_err(|_| corrupt(name))
}

/// Makes sure that nothing but values that were there already kept writes from being done.
pub(super) fn only_duplicates(answer: &Document) -> Result<(), EngineError> {
    let mut others = answer.clone();
    if let Ok(errors) = others.get_array_mut("writeErrors") {
        errors.retain(|error| {
            let code = error.as_document().and_then(|error| number(error, "code"));
            code != Some(DUPLICATE_KEY.into())
        });
    }
    written(&others).map(|_| ())
}
