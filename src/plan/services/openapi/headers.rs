//! Headers and parameters that mean the same for all operations, and what the runtime's `http` asks of
//! them.

use serde_json::{Map, Value, json};

use super::kinds;

/// The position of the database, as the runtime calls it.
const POSITION: &str = "X-Position";
/// The id of all that one request sets off.
const CORRELATION: &str = "X-Correlation-Id";

/// A list of entity tags, or `*` (RFC 9110, section 13.1).
const TAGS: &str = r#"^(?:\*|(?:W/)?"[!#-~]*"(?:[ \t]*,[ \t]*(?:W/)?"[!#-~]*")*)$"#;
/// A key of 1 to 255 characters of ASCII without quotes, in quotes or without.
const KEY: &str = r#"^(?:[!#-~](?:[ !#-~]{0,253}[!#-~])?|"[ !#-~]{1,255}")$"#;
const CORRELATION_ID: &str = "^[!-~]{1,128}$";
const POSITION_TOKEN: &str = "^[0-9A-Fa-f]{1,16}$";

/// A reference to a header of answers.
pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

/// A reference to a parameter of requests.
pub(super) fn parameter(name: &str) -> Value {
    json!({ "$ref": format!("#/components/parameters/{name}") })
}

/// The headers of an answer: every one has the first, and those to commands tell of the position where
/// anything but the database answers reads.
pub(super) fn of_answer(positions: bool) -> Value {
    let mut headers = Map::new();
    headers.insert(CORRELATION.to_owned(), reference(CORRELATION));
    if positions {
        headers.insert(POSITION.to_owned(), reference(POSITION));
    }
    json!(headers)
}

/// The parameters of every command: of one that creates, or of one on what exists.
pub(super) fn of_command(creates: bool) -> Vec<Value> {
    let names: &[&str] = match creates {
        true => &["Idempotency-Key", CORRELATION],
        false => &["id", "Idempotency-Key", "If-Match", CORRELATION],
    };
    names.iter().map(|name| parameter(name)).collect()
}

/// The parameters of every read, behind its own.
pub(super) fn of_read(shows_one: bool, positions: bool) -> Vec<Value> {
    let mut names = match shows_one {
        true => vec!["If-None-Match", CORRELATION],
        false => vec!["limit", "after", CORRELATION],
    };
    if positions {
        names.push(POSITION);
    }
    names.into_iter().map(parameter).collect()
}

/// All headers of answers.
pub(super) fn headers(positions: bool) -> Value {
    let text = |says: &str| json!({ "description": says, "schema": { "type": "string" } });
    let mut headers = json!({
        "ETag": {
            "description": "The version",
            "schema": { "type": "string", "pattern": "^\"[0-9]+\"$" },
        },
        "Link": text("The page behind this one: `rel=\"next\"` (RFC 8288)"),
        "Location": text("Where what was created is found"),
        "Retry-After": {
            "description": "After how many seconds to try again",
            "schema": { "type": "integer", "minimum": 0 },
        },
    });
    headers[CORRELATION] = json!({
        "description": "What all messages share that the request set off",
        "schema": { "type": "string", "pattern": CORRELATION_ID },
    });
    if positions {
        headers[POSITION] = json!({
            "description": "How far the database is; a cookie says the same",
            "schema": { "type": "string", "pattern": POSITION_TOKEN },
        });
    }
    headers
}

/// All parameters that operations share.
pub(super) fn parameters(positions: bool) -> Value {
    let header = |name: &str, pattern: &str, says: &str| {
        let schema = json!({ "type": "string", "pattern": pattern });
        json!({ "name": name, "in": "header", "schema": schema, "description": says })
    };
    let mut parameters = json!({
        "id": { "name": "id", "in": "path", "required": true, "schema": kinds::uuid() },
        "limit": {
            "name": "limit", "in": "query", "description": "How many at most",
            "schema": { "type": "integer", "minimum": 1, "maximum": 500, "default": 50 },
        },
        "after": {
            "name": "after", "in": "query",
            "description": "The `next` of the page before, of the same search",
            "schema": { "type": "string", "pattern": "^[A-Za-z0-9_-]+$" },
        },
        "Idempotency-Key": header("Idempotency-Key", KEY, "For a day the same key again gets the same \
            answer, and nothing happens twice; what it created is never created again"),
        "If-Match": header("If-Match", TAGS,
            "The versions (`ETag`) one of which the command is meant for"),
        "If-None-Match": header("If-None-Match", TAGS,
            "The versions (`ETag`) that the caller has already"),
    });
    parameters[CORRELATION] = header(
        CORRELATION,
        CORRELATION_ID,
        "What all messages are to share that the request sets off; left out it is a new one",
    );
    if positions {
        parameters[POSITION] = header(
            POSITION,
            POSITION_TOKEN,
            "As the answer to a command gave it: nothing older is shown",
        );
    }
    parameters
}
