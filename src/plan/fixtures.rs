//! Golden fixtures of a contract: an example of each event as it is published, and the tests that
//! read them.

use serde_json::{Map, Value, json};

use crate::model::{Aggregate, Context, Event, EventField, System};

use super::files::{Class, File};
use super::layout::{STEP, call, text};
use super::uses::Uses;
use super::{names, sample};

/// The number of the example.
const NUMBER: u32 = 1;

/// The fixtures of a context's events, and the file of tests; nothing when it has no events.
pub(super) fn files(system: &System, context: &Context) -> Vec<File> {
    let mut files = Vec::new();
    let mut tests = Vec::new();
    let mut uses = Uses::default();
    for event in context.events.values() {
        let Some(aggregate) = context.aggregates.get(&event.aggregate) else {
            continue;
        };
        files.push(fixture(context, event, &data(system, aggregate, event)));
        tests.push(test(&mut uses, event));
    }
    if !tests.is_empty() {
        uses.take("platform::testing", "published");
        let view = json!({ "uses": uses.render(), "tests": tests });
        files.push(File::new(
            Class::Managed,
            "contracts/__context__/src/fixtures.rs",
            &[("context", context.name.as_str())],
            view,
        ));
    }
    files
}

fn fixture(context: &Context, event: &Event, data: &Value) -> File {
    let names = [
        ("context", context.name.as_str()),
        ("event", event.name.as_str()),
        ("version", &event.version.to_string()),
    ];
    let template = "contracts/__context__/fixtures/__event__.v__version__.json";
    let view = json!({ "data": format!("{data:#}") });
    File::new(Class::AppendOnly, template, &names, view)
}

/// The data of an event as it is published: its fields, and the aggregate's status.
fn data(system: &System, aggregate: &Aggregate, event: &Event) -> Value {
    let mut data = Map::new();
    for (name, field) in &event.fields {
        let value = match field {
            EventField::Field => match aggregate.fields.get(name) {
                Some(field) => sample::field(system, field, NUMBER),
                None => continue,
            },
            EventField::Own(own) => sample::field(system, own, NUMBER),
            EventField::Collection(of) => match aggregate.entities.get(of) {
                Some(entity) => Value::Array(vec![sample::entity(system, entity, NUMBER)]),
                None => continue,
            },
        };
        data.insert(name.to_string(), value);
    }
    if let Some(state) = aggregate.states.first() {
        data.insert("status".to_owned(), json!(state.name));
    }
    Value::Object(data)
}

fn test(uses: &mut Uses, event: &Event) -> Value {
    let ident = uses.take("crate", &names::type_ident(event.name.as_str()));
    let version = event.version;
    let path = format!("../fixtures/{}.v{version}.json", event.name);
    let data = call("include_str!", vec![text(names::literal(&path))]);
    let head = format!("published::<{ident}>");
    let body = call(head, vec![text(version.to_string()), data]).lay(STEP, STEP, 1);
    json!({
        "name": format!("{}_v{version}", names::snake(event.name.as_str())),
        "body": format!("{}{body};", " ".repeat(STEP)),
    })
}
