//! Answers that are not the one hoped for: problem details (RFC 9457), of the types that the runtime's
//! `http` gives them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::headers;
use super::schemas::reference;
use crate::model::{Aggregate, Change, Command, Content, Context, Reference, Refusal, Type};
use crate::plan::services::tables::uniques;

/// What the URIs of problem types start with.
const PREFIX: &str = "urn:microdb:problem:";

/// Problems of one operation: the types of each status.
pub(super) type Problems = BTreeMap<String, Vec<String>>;

/// The problems that a request to any operation may meet with.
pub(super) fn of_all() -> Problems {
    let types: [(&str, &[&str]); 4] = [
        ("400", &["bad-header", "bad-url", "repeated"]),
        ("421", &["misdirected"]),
        ("500", &["internal"]),
        ("503", &["starting", "timeout", "unavailable"]),
    ];
    let mut problems = Problems::new();
    for (status, names) in types {
        add(&mut problems, status, names);
    }
    problems
}

/// The problems of a command, of which `has_body` says whether it has an input.
pub(super) fn of_command(context: &Context, aggregate: &Aggregate, command: &Command) -> Problems {
    let mut problems = of_all();
    let conflicts: Vec<String> = conflicts(context, aggregate, command);
    if !conflicts.is_empty() {
        problems.insert("409".to_owned(), conflicts);
    }
    for refusal in &command.refuses {
        let types = problems.entry(refusal.http.to_string()).or_default();
        types.push(refusal.name.as_str().replace('_', "-"));
    }
    add(&mut problems, "403", &["cross-origin"]);
    // What a key created may have been deleted when the same request comes again.
    add(&mut problems, "410", &["deleted"]);
    add(&mut problems, "422", &["invalid", "idempotency-key-reused"]);
    if command.change != Change::Creates {
        add(&mut problems, "404", &["not-found"]);
        add(&mut problems, "412", &["version-mismatch"]);
    }
    if !command.input.is_empty() {
        add(&mut problems, "400", &["bad-body", "bad-json"]);
        add(&mut problems, "408", &["body-too-slow"]);
        add(&mut problems, "413", &["too-large"]);
        let media = ["unsupported-coding", "unsupported-media-type"];
        add(&mut problems, "415", &media);
    }
    problems
}

/// Adds to answers what the description says of the refusals that they stand for.
pub(super) fn explain(responses: &mut Map<String, Value>, refusals: &[Refusal]) {
    for refusal in refusals {
        let described = responses
            .get_mut(&refusal.http.to_string())
            .and_then(|response| response.get_mut("description"));
        let (Some(Value::String(described)), Some(doc)) = (described, &refusal.doc) else {
            continue;
        };
        let name = refusal.name.as_str().replace('_', "-");
        described.push_str(&format!("\n\n`{name}`: {doc}"));
    }
}

/// Adds types to those of a status.
pub(super) fn add(problems: &mut Problems, status: &str, types: &[&str]) {
    let known = problems.entry(status.to_owned()).or_default();
    known.extend(types.iter().map(|name| (*name).to_owned()));
}

/// Why a command cannot be done as things are, whatever it refuses itself.
fn conflicts(context: &Context, aggregate: &Aggregate, command: &Command) -> Vec<String> {
    let mut names = Vec::new();
    if command.transition.is_some() {
        names.push("wrong_status".to_owned());
    }
    if command.change != Change::Deletes {
        let unique = uniques(aggregate).into_iter();
        names.extend(unique.map(|(name, _)| format!("{name}_taken")));
    }
    if command.change != Change::Creates && is_referenced(context, aggregate) {
        names.push("still_referenced".to_owned());
    }
    names.iter().map(|name| name.replace('_', "-")).collect()
}

/// Whether rows of the context name the aggregate, or an entity of it.
fn is_referenced(context: &Context, to: &Aggregate) -> bool {
    let names = |ty: &Type| match ty {
        Type::Reference(Reference::Local(aggregate)) => *aggregate == to.name,
        Type::Reference(Reference::Entity { aggregate, .. }) => *aggregate == to.name,
        _ => false,
    };
    let members = context.aggregates.values().flat_map(Aggregate::members);
    let mut fields = members.flat_map(|(_, content)| match content {
        Content::Field(field) => vec![field],
        Content::Entities(entity) => entity.fields.values().collect(),
    });
    fields.any(|field| names(&field.ty))
}

/// The answer with one of these problems.
pub(super) fn response(status: &str, types: &[String], positions: bool) -> Value {
    let uris: Vec<String> = types.iter().map(|name| format!("{PREFIX}{name}")).collect();
    let number: u16 = status.parse().unwrap_or_default();
    let mut response = json!({
        "description": description(status),
        "headers": headers::of_answer(positions),
        "content": { "application/problem+json": { "schema": {
            "allOf": [reference("Problem"), { "properties": {
                "type": { "enum": uris },
                "status": { "const": number },
            } }],
        } } },
    });
    if status == "503" {
        response["headers"]["Retry-After"] = headers::reference("Retry-After");
    }
    response
}

fn description(status: &str) -> &'static str {
    match status {
        "400" => "The request cannot be read",
        "402" => "It has to be paid for",
        "403" => "A page of another origin sent it, or it is not allowed",
        "404" => "There is none",
        "408" => "The body did not come in time",
        "409" => "It cannot be done as things are",
        "410" => "It was deleted",
        "412" => "It has another version",
        "413" => "The body is larger than allowed",
        "415" => "The body is not JSON, or does not say so",
        "421" => "It is meant for a service of another name",
        "422" => "The input is not valid",
        "500" => "The service failed",
        "503" => "Try again later",
        _ => "Refused",
    }
}

/// Problem details.
pub(super) fn schema() -> Value {
    json!({
        "type": "object",
        "description": "What went wrong (RFC 9457).",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {
                "type": "string",
                "format": "uri",
                "description": format!("`{PREFIX}` and the name of the refusal in kebab-case."),
            },
            "title": { "type": "string" },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string", "description": "A sentence for people." },
            "violations": {
                "type": "array",
                "description": "What is wrong with which member or parameter.",
                "items": {
                    "type": "object",
                    "required": ["pointer", "detail"],
                    "properties": {
                        "pointer": { "type": "string", "description": "A JSON pointer (RFC 6901)." },
                        "detail": { "type": "string" },
                    },
                },
            },
            "omitted": {
                "type": "integer",
                "minimum": 1,
                "description": "How many more violations there are.",
            },
        },
    })
}
