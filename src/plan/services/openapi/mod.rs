//! The description of a service's HTTP interface in OpenAPI 3.1. It says what the runtime asks of
//! requests, from what the model says as well: `tests/openapi.rs` holds the one against the other.

mod fields;
mod headers;
mod inputs;
mod kinds;
mod operations;
mod patterns;
mod problems;
pub mod schemas;
mod used;

use serde_json::{Map, Value, json};

use self::operations::Operations;
use crate::model::routes::routes;
use crate::model::{Context, Scale, System};
use crate::plan::prose::aggregate_doc;

/// The OpenAPI document of a service, as JSON.
pub fn document(system: &System, context: &Context) -> String {
    let positions = context.scale != Scale::default();
    let mut operations = Operations {
        system,
        context,
        positions,
        responses: Map::new(),
    };
    let mut paths = Map::new();
    for route in routes(context) {
        let operation = operations.operation(&route);
        let path = paths.entry(route.path.clone()).or_insert_with(|| json!({}));
        path[route.method.as_str().to_lowercase()] = operation;
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "info": info(system, context),
        "servers": [{ "url": "/", "description": "The service that shows this document" }],
        // Whoever reaches it may call it.
        "security": [],
        "tags": tags(context),
        "paths": paths,
        "components": {
            "schemas": schemas::schemas(system, context),
            "parameters": headers::parameters(positions),
            "headers": headers::headers(positions),
            "responses": operations.responses,
        },
    });
    used::keep(&mut document);
    // A value always has a text.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn info(system: &System, context: &Context) -> Value {
    let mut info = json!({
        "title": format!("{} {}", system.name, context.name),
        "version": "1",
    });
    if let Some(purpose) = &context.purpose {
        info["description"] = json!(purpose);
    }
    info
}

fn tags(context: &Context) -> Vec<Value> {
    let aggregates = context.aggregates.values();
    let tags = aggregates.map(|it| json!({ "name": it.name, "description": aggregate_doc(it) }));
    tags.collect()
}
