//! The description of a service's HTTP interface in OpenAPI 3.1.

mod inputs;
mod operations;
mod position;
pub mod schemas;

use serde_json::{Map, json};

use crate::model::routes::routes;
use crate::model::{Context, Scale, System};

/// The OpenAPI document of a service, as JSON.
pub fn document(system: &System, context: &Context) -> String {
    let mut paths = Map::new();
    for route in routes(context) {
        let path = paths.entry(route.path.clone()).or_insert_with(|| json!({}));
        let mut operation = operations::operation(system, context, &route);
        if context.scale != Scale::default() {
            position::describe(&route, &mut operation);
        }
        path[route.method.as_str().to_lowercase()] = operation;
    }
    let mut info = json!({
        "title": format!("{} {}", system.name, context.name),
        "version": "1",
    });
    if let Some(purpose) = &context.purpose {
        info["description"] = json!(purpose);
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": info,
        "paths": paths,
        "components": { "schemas": schemas::schemas(system, context) },
    });
    // A value always has a text.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}
