//! The operations of an OpenAPI document.

use serde_json::{Map, Value, json};

use crate::model::routes::{Endpoint, Route};
use crate::model::{Aggregate, Change, Command, Context, Query, System, derived};
use crate::plan::prose::command_doc;
use crate::plan::rust::names;
use crate::plan::sample;

use super::schemas;
use super::schemas::reference;

/// The operation behind a route.
pub(super) fn operation(system: &System, context: &Context, route: &Route) -> Value {
    match &route.endpoint {
        Endpoint::List(aggregate) => json!({
            "operationId": format!("{}.list", names::snake(aggregate.as_str())),
            "summary": format!("All of `{aggregate}`, a page at a time"),
            "tags": [aggregate],
            "parameters": paging(),
            "responses": with_problems(&["422"], ("200", page(aggregate.as_str()))),
        }),
        Endpoint::Get(aggregate) => json!({
            "operationId": format!("{}.read", names::snake(aggregate.as_str())),
            "summary": format!("One `{aggregate}`"),
            "tags": [aggregate],
            "parameters": [id()],
            "responses": with_problems(&["404", "410", "422"], ("200", answer(&derived::view(aggregate.as_str())))),
        }),
        Endpoint::Query(name) => match context.queries.get(name) {
            Some(found) => query(context, found),
            None => json!({}),
        },
        Endpoint::Command(name) => {
            let command = context.commands.get(name);
            match command.and_then(|c| Some((c, context.aggregates.get(&c.aggregate)?))) {
                Some((found, aggregate)) => self::command(system, aggregate, found),
                None => json!({}),
            }
        }
    }
}

fn command(system: &System, aggregate: &Aggregate, command: &Command) -> Value {
    let creates = command.change == Change::Creates;
    let mut parameters = vec![json!({
        "name": "Idempotency-Key", "in": "header", "schema": { "type": "string" },
        "description": "For a day the same key again gets the same answer, and nothing happens twice; what it created is never created again",
    })];
    if !creates {
        parameters.insert(0, id());
        parameters.push(json!({
            "name": "If-Match", "in": "header", "schema": { "type": "string" },
            "description": "The versions (`ETag`) one of which the command is meant for",
        }));
    }
    let view = derived::view(aggregate.name.as_str());
    let done = match command.change {
        Change::Creates => ("201", answer(&view)),
        Change::Updates => ("200", answer(&view)),
        Change::Deletes => ("204", json!({ "description": "It is gone" })),
    };
    // What a key created may have been deleted when the same request comes again.
    let mut problems = vec!["403", "409", "410", "422", "503"];
    if !command.input.is_empty() {
        problems.push("415");
    }
    if !creates {
        problems.extend(["404", "412"]);
    }
    let refusals = command.refuses.iter();
    // As the types of problems have them.
    let refusals: Vec<String> = refusals
        .map(|r| r.name.as_str().replace('_', "-"))
        .collect();
    let mut operation = json!({
        "operationId": names::snake(command.name.as_str()),
        "summary": command_doc(command).lines().next().unwrap_or_default(),
        "tags": [aggregate.name],
        "parameters": parameters,
        "responses": with_problems(&problems, done),
    });
    if !refusals.is_empty() {
        let names = refusals.join("`, `");
        operation["responses"]["409"]["description"] = json!(format!(
            "Refused: `{names}`, or what every command may meet with"
        ));
    }
    if !command.input.is_empty() {
        operation["requestBody"] = json!({
            "required": true,
            "content": { "application/json": {
                "schema": reference(command.name.as_str()),
                "example": sample::request(system, aggregate, command, 1),
            } },
        });
    }
    operation
}

fn query(context: &Context, query: &Query) -> Value {
    let aggregate = context.aggregates.get(&query.aggregate);
    let schema = |member: &str| match (member, aggregate) {
        ("id", _) => schemas::uuid(),
        ("status", _) => reference(&derived::status(query.aggregate.as_str())),
        (name, Some(aggregate)) => match aggregate.fields.get(name) {
            Some(field) => schemas::one(&field.ty),
            None => json!({ "type": "string", "format": "date-time" }),
        },
        _ => json!({}),
    };
    let parameter = |name: &str, required: bool, schema: Value| json!({ "name": name, "in": "query", "required": required, "schema": schema });
    let mut parameters: Vec<Value> = query
        .by
        .iter()
        .map(|by| parameter(by.member.as_str(), true, schema(by.member.as_str())))
        .collect();
    if let Some(range) = &query.range {
        for end in ["from", "to"] {
            let name = format!("{range}_{end}");
            parameters.push(parameter(&name, false, schema(range.as_str())));
        }
    }
    let view = derived::view(query.aggregate.as_str());
    let responses = if query.unique {
        with_problems(&["404", "422"], ("200", answer(&view)))
    } else {
        parameters.extend(paging());
        with_problems(&["422"], ("200", page(query.aggregate.as_str())))
    };
    let finds = || format!("Finds `{}`", query.aggregate);
    json!({
        "operationId": id_of_query(query),
        "summary": query.doc.clone().unwrap_or_else(finds),
        "tags": [query.aggregate],
        "parameters": parameters,
        "responses": responses,
    })
}

/// The points in the ids of what reads keep them apart from those of commands, which have none.
fn id_of_query(query: &Query) -> String {
    let aggregate = names::snake(query.aggregate.as_str());
    format!("{aggregate}.find_{}", names::snake(query.name.as_str()))
}

fn id() -> Value {
    json!({ "name": "id", "in": "path", "required": true, "schema": schemas::uuid() })
}

fn paging() -> Vec<Value> {
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": 500, "default": 50 });
    vec![
        json!({ "name": "limit", "in": "query", "schema": limit }),
        json!({ "name": "after", "in": "query", "schema": { "type": "string" } }),
    ]
}

fn answer(schema: &str) -> Value {
    json!({
        "description": "As it is now",
        "headers": { "ETag": { "schema": { "type": "string" } } },
        "content": { "application/json": { "schema": reference(schema) } },
    })
}

fn page(aggregate: &str) -> Value {
    let items = reference(&derived::view(aggregate));
    json!({
        "description": "A page; `next` is the `after` of the one behind it",
        "content": { "application/json": { "schema": {
            "type": "object",
            "required": ["items"],
            "properties": {
                "items": { "type": "array", "items": items },
                "next": { "type": "string" },
            },
        } } },
    })
}

fn with_problems(problems: &[&str], done: (&str, Value)) -> Map<String, Value> {
    let mut responses = Map::new();
    responses.insert(done.0.to_owned(), done.1);
    for status in problems.iter().chain(&["default"]) {
        let description = match *status {
            "403" => "A page of another origin sent it",
            "404" => "There is none",
            "409" => "It cannot be done now",
            "410" => "It was deleted",
            "412" => "It has another version",
            "415" => "The body does not say that it is JSON",
            "422" => "The input is not valid",
            "default" => "What HTTP knows besides: a request that cannot be read, or a failure",
            _ => "Try again later",
        };
        responses.insert(
            (*status).to_owned(),
            json!({
                "description": description,
                "content": { "application/problem+json": { "schema": reference("Problem") } },
            }),
        );
    }
    responses
}
