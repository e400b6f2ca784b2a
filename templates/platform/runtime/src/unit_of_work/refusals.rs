//! The refusals that no description has to declare.

use crate::Refused;
use platform_contract::schema::Violation;
use platform_contract::{Command, Refusal};

/// Nothing is there, and never was.
pub const NOT_FOUND: &str = "not_found";
/// It was deleted.
pub const DELETED: &str = "deleted";
/// Its status does not allow the command.
const WRONG_STATUS: &str = "wrong_status";
/// It has another version than the caller has seen.
pub const VERSION_MISMATCH: &str = "version_mismatch";
/// The input is not what the description says.
pub const INVALID: &str = "invalid";
/// Others reference it.
const STILL_REFERENCED: &str = "still_referenced";
/// What the name of a broken unique constraint ends with.
const TAKEN_SUFFIX: &str = "_taken";

/// How many violations are named: who sends a thousand of them learns no more from the rest.
const NAMED_VIOLATIONS: usize = 20;
/// The longest pointer that is given back, in bytes: names of members are the caller's own, and may
/// be as long as a body.
const POINTER_LIMIT: usize = 250;

fn refused(name: impl Into<String>, detail: impl Into<String>) -> Refused {
    Refused {
        name: name.into(),
        detail: detail.into(),
        http: None,
        violations: Vec::new(),
        omitted: 0,
    }
}

/// There is nothing of this kind under the id.
pub fn not_found(what: &str) -> Refused {
    refused(NOT_FOUND, format!("there is no such {}", words(what)))
}

/// There was something of this kind under the id; it is gone.
pub fn deleted(what: &str) -> Refused {
    refused(DELETED, format!("the {} was deleted", words(what)))
}

/// The command is not allowed in this status.
pub(super) fn wrong_status(what: &str, status: &str, allowed: &[&str]) -> Refused {
    let allowed = allowed.join("` or `");
    refused(
        WRONG_STATUS,
        format!("the {} is `{status}`, not `{allowed}`", words(what)),
    )
}

/// The aggregate has another version than the caller asked for.
pub(super) fn version_mismatch(version: u64) -> Refused {
    refused(
        VERSION_MISMATCH,
        format!("it has version {version} by now: read it again"),
    )
}

/// The input is not what the description says of it.
pub fn invalid(mut violations: Vec<Violation>) -> Refused {
    let all = violations.len();
    violations.truncate(NAMED_VIOLATIONS);
    for violation in &mut violations {
        violation.pointer = shortened(std::mem::take(&mut violation.pointer));
    }
    let omitted = all - violations.len();
    let detail = match omitted {
        0 => "the input is not valid".to_owned(),
        _ => format!("the input is not valid: {NAMED_VIOLATIONS} of {all} violations are named"),
    };
    Refused {
        violations,
        omitted,
        ..refused(INVALID, detail)
    }
}

/// A pointer, without its end when it is too long.
pub fn shortened(mut pointer: String) -> String {
    if pointer.len() > POINTER_LIMIT {
        pointer.truncate(pointer.floor_char_boundary(POINTER_LIMIT));
        pointer.push('…');
    }
    pointer
}

/// `invalid` because of one member (a JSON pointer; empty: the input as a whole).
pub fn invalid_at(pointer: impl Into<String>, detail: impl Into<String>) -> Refused {
    invalid(vec![Violation {
        pointer: pointer.into(),
        detail: detail.into(),
    }])
}

/// Another aggregate has what is to be unique.
pub(super) fn taken(constraint: &str) -> Refused {
    refused(
        format!("{constraint}{TAKEN_SUFFIX}"),
        format!("another one has the same {}", words(constraint)),
    )
}

/// Rows of another table still name it.
pub(super) fn still_referenced(table: &str) -> Refused {
    refused(
        STILL_REFERENCED,
        format!("it is still referenced by `{table}`"),
    )
}

/// A declared refusal of a command.
pub(super) fn declared<C: Command>(refusal: &C::Refusal) -> Refused {
    let name = refusal.name();
    let plain = || format!("{} refused: {}", C::NAME, words(name));
    Refused {
        http: Some(refusal.http()),
        ..refused(name, refusal.reason().map_or_else(plain, str::to_owned))
    }
}

/// A name in snake case as words.
fn words(name: &str) -> String {
    name.replace('_', " ")
}
