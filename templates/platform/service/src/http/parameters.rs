//! The parameters of a search: texts in the URI, values with types behind it.

use std::collections::HashSet;

use axum::http::Uri;
use serde_json::{Map, Value};

use super::{Problem, repeated, url};
use platform_contract::schema::{self, Column, Kind, personal::unfit};
use platform_runtime::query::Query;
use platform_runtime::unit_of_work::refusals;

/// The parameter with the size of the page.
const LIMIT: &str = "limit";
/// The parameter with the cursor after which the page starts.
const AFTER: &str = "after";
/// The size of a page unless asked for another.
const DEFAULT_LIMIT: u32 = 50;
/// The greatest size of a page.
const MAX_LIMIT: u32 = 500;

/// Which page of a list is asked for.
#[derive(Debug)]
pub(super) struct Paging {
    /// How many rows at most.
    pub(super) limit: u32,
    /// The cursor after which it starts.
    pub(super) after: Option<String>,
}

/// The paging of a list that has no other parameters.
pub(super) fn of_list(uri: &Uri) -> Result<Paging, Problem> {
    let (paging, rest) = paging(uri)?;
    match rest.first() {
        None => Ok(paging),
        Some((name, _)) => Err(unknown(name)),
    }
}

/// The parameters of a query with its paging.
pub(super) fn of_query<Q: Query>(uri: &Uri) -> Result<(Q, Paging), Problem> {
    let (paging, rest) = paging(uri)?;
    let mut members = Map::new();
    for (name, text) in rest {
        let Some(column) = Q::PARAMETERS.iter().find(|column| column.name == name) else {
            return Err(unknown(&name));
        };
        members.insert(name, value(column, text));
    }
    let violations = schema::check(Q::PARAMETERS, &members);
    if !violations.is_empty() {
        return Err(refusals::invalid(violations).into());
    }
    schema::canonical(Q::PARAMETERS, &mut members);
    let query = serde_json::from_value(Value::Object(members))
        .map_err(|error| Problem::from(refusals::invalid_at("", unfit(Q::PARAMETERS, &error))))?;
    Ok((query, paging))
}

/// Takes the paging out of a URI's query; what is left, decoded.
fn paging(uri: &Uri) -> Result<(Paging, Vec<(String, String)>), Problem> {
    let axum::extract::Query(pairs) =
        axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|_| url::bad("query"))?;
    let mut names = HashSet::new();
    if let Some((name, _)) = pairs.iter().find(|(name, _)| !names.insert(name)) {
        return Err(repeated::parameter(name));
    }
    let mut paging = Paging {
        limit: DEFAULT_LIMIT,
        after: None,
    };
    let mut rest = Vec::new();
    for (name, value) in pairs {
        match name.as_str() {
            LIMIT => paging.limit = limit(&value)?,
            AFTER => paging.after = Some(value),
            _ => rest.push((name, value)),
        }
    }
    Ok((paging, rest))
}

fn limit(value: &str) -> Result<u32, Problem> {
    match value.parse() {
        Ok(limit @ 1..=MAX_LIMIT) => Ok(limit),
        _ => Err(invalid(LIMIT, format!("must be 1 to {MAX_LIMIT}"))),
    }
}

/// A text as the JSON form of a parameter's kind; as it is when it is none, for the check to find.
fn value(column: &Column, text: String) -> Value {
    let parsed = match column.kind {
        Kind::Bool | Kind::Int | Kind::Float => serde_json::from_str(&text).ok(),
        _ => None,
    };
    parsed.unwrap_or(Value::String(text))
}

fn unknown(name: &str) -> Problem {
    invalid(name, "is no parameter here")
}

fn invalid(name: &str, detail: impl Into<String>) -> Problem {
    refusals::invalid_at(format!("/{name}"), detail).into()
}
