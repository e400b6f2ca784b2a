//! Golden fixtures of a contract: an example of each event as it is published, and the tests that
//! read them.

use serde::Serialize;
use serde_json::{Value, json};

use crate::model::{Aggregate, Context, Event, System};

use crate::plan::file::{Class, File};
use crate::plan::rust::names;
use crate::plan::sample;
use crate::plan::view::{Literal, Name};

/// The number of the example.
const NUMBER: u32 = 1;

/// `contracts/__context__/src/fixtures.rs`.
#[derive(Debug, Serialize)]
struct FixturesFile {
    tests: Vec<TestView>,
}

/// The test of an event's fixture.
#[derive(Debug, Serialize)]
struct TestView {
    /// Its name: `loan_approved_v1`.
    name: Name,
    /// The event's type.
    event: Name,
    /// The event's version.
    version: u32,
    /// Where the fixture lies, as seen from the test.
    path: Literal,
}

/// `contracts/__context__/fixtures/__event__.v__version__.json`.
#[derive(Debug, Serialize)]
struct FixtureFile {
    /// The data of the event, laid out for people.
    data: String,
}

/// The fixtures of a context's events, and the file of tests; nothing when it has no events.
pub(super) fn files(system: &System, context: &Context) -> Vec<File> {
    let mut files = Vec::new();
    let mut tests = Vec::new();
    for event in context.events.values() {
        let Some(aggregate) = context.aggregates.get(&event.aggregate) else {
            continue;
        };
        files.push(fixture(context, event, &data(system, aggregate, event)));
        tests.push(test(event));
    }
    if !tests.is_empty() {
        files.push(File::new(
            Class::Managed,
            "contracts/__context__/src/fixtures.rs",
            &[("context", context.name.as_str())],
            FixturesFile { tests },
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
    let view = FixtureFile {
        data: format!("{data:#}"),
    };
    File::new(Class::AppendOnly, template, &names, view)
}

/// The data of an event as it is published: its fields, and the aggregate's status.
fn data(system: &System, aggregate: &Aggregate, event: &Event) -> Value {
    let mut data = sample::event(system, aggregate, event, NUMBER);
    if let Some(state) = aggregate.states.first() {
        data.insert("status".to_owned(), json!(state.name));
    }
    Value::Object(data)
}

fn test(event: &Event) -> TestView {
    let (name, version) = (event.name.as_str(), event.version);
    TestView {
        name: Name::of_function(&format!("{}_v{version}", names::snake(name))),
        event: Name::of_type(name),
        version,
        path: Literal::text(&format!("../fixtures/{name}.v{version}.json")),
    }
}
