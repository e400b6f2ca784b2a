//! What operations say of positions, where read replicas or a cache answer.

use serde_json::{Value, json};

use crate::model::routes::{Endpoint, Route};

/// The header, as the runtime calls it.
const HEADER: &str = "X-Position";

/// Adds to an operation what it gives of the database's position, or takes.
pub(super) fn describe(route: &Route, operation: &mut Value) {
    match &route.endpoint {
        Endpoint::Command(_) => gives_position(operation),
        Endpoint::List(_) | Endpoint::Get(_) | Endpoint::Query(_) => takes_position(operation),
    }
}

/// Every answer to a command has it, refusals too.
fn gives_position(operation: &mut Value) {
    let header = json!({
        "description": "How far the database is; a cookie says the same",
        "schema": { "type": "string" },
    });
    let responses = operation["responses"].as_object_mut();
    for (_, response) in responses.into_iter().flatten() {
        response["headers"][HEADER] = header.clone();
    }
}

fn takes_position(operation: &mut Value) {
    let parameter = json!({
        "name": HEADER, "in": "header", "schema": { "type": "string" },
        "description": "As the answer to a command gave it: nothing older is shown",
    });
    if let Some(parameters) = operation["parameters"].as_array_mut() {
        parameters.push(parameter);
    }
    operation["responses"]["400"] = json!({
        "description": "The request cannot be read, or its position is none",
        "content": { "application/problem+json": { "schema": super::schemas::reference("Problem") } },
    });
}
