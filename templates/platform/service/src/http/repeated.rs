//! What is given more than once where it can mean one thing only. Which of them counts is a matter
//! on which a proxy, a filter and a service may differ, so none does.

use axum::http::{HeaderMap, StatusCode};

use super::Problem;
use super::origin::{CORRELATION, IDEMPOTENCY_KEY};
use platform_contract::schema::Violation;
use platform_runtime::unit_of_work::refusals;

/// The headers that are read as one value; of `Host`, `Origin` and the like every line is looked at
/// before. What is a list by its definition may have several lines.
const SINGLE: [&str; 3] = ["content-type", IDEMPOTENCY_KEY, CORRELATION];

/// Refuses headers that are read as one value and given more than once.
///
/// # Errors
/// 400, with the header.
pub(super) fn check(headers: &HeaderMap) -> Result<(), Problem> {
    let twice = |name: &&&str| headers.get_all(**name).iter().nth(1).is_some();
    match SINGLE.iter().find(twice) {
        None => Ok(()),
        Some(name) => Err(problem(format!("the header `{name}`"), Vec::new())),
    }
}

/// The answer to a body in which a member is there twice.
pub(super) fn member(pointer: String) -> Problem {
    at("a member of the body", pointer)
}

/// The answer to a query in which a parameter is there twice.
pub(super) fn parameter(name: &str) -> Problem {
    at("a parameter", format!("/{name}"))
}

fn at(what: &str, pointer: String) -> Problem {
    let violation = Violation {
        pointer: refusals::shortened(pointer),
        detail: "is given more than once".to_owned(),
    };
    problem(what.to_owned(), vec![violation])
}

fn problem(what: String, violations: Vec<Violation>) -> Problem {
    Problem {
        violations,
        ..Problem::new(
            StatusCode::BAD_REQUEST,
            "repeated",
            format!("{what} is given more than once"),
        )
    }
}
