//! What the failure tests of a service are about: what it hears from others, what it is asked for,
//! what has to be there before, and which failures it can meet at all.

mod acting;
mod histories;
mod named;
mod reactions;
mod requests;
mod rows;
mod source;
mod statuses;
mod targets;
mod told;
mod values;

use serde::Serialize;
use serde_json::{Value, json};

use crate::model::{Broker, Database, Emission};
use crate::plan::file::{Class, File};
use crate::plan::rust::names;
use crate::plan::view::Literal;

use self::histories::{Histories, History};
use self::named::Named;
use self::reactions::Reaction;
use self::requests::{Asked, Requests};
use self::rows::Rows;
use super::Service;

/// The number of the first example; those that other tests show are below.
const FIRST: u32 = 11;

/// `services/__context__/tests/failures.rs`.
#[derive(Debug, Serialize)]
struct FailureTests<'a> {
    /// The name of the context.
    context: &'a str,
    /// The crate of the service.
    crate_name: String,
    /// Whether a file stands in for its database where no server is.
    database_stands_in: bool,
    /// Whether one stands in for its broker.
    broker_stands_in: bool,
    /// Whether it hears events of other contexts.
    hears: bool,
    /// Whether some handler of events that come from other contexts acts on its own, so that a
    /// newer version of its event matters to it.
    reacts: bool,
    /// Whether it can be asked over HTTP to change something.
    asked: bool,
    /// Whether something that can be foretold comes of the examples.
    acts: bool,
    /// Where it is killed between an effect and its offset.
    holds: Vec<Literal>,
}

/// `services/__context__/tests/failures/refused.rs`: it is the same for all.
#[derive(Debug, Serialize)]
struct Refused {}

impl Service<'_> {
    /// The tests of failures with their examples, where there is anything to fail.
    pub fn failure_tests(&self) -> Vec<File> {
        let (tests, examples) = self.failures();
        if !tests.hears && !tests.asked {
            return Vec::new();
        }
        let (name, managed) = (self.context.name.as_str(), Class::Managed);
        let names = [("context", name)];
        let refused = tests.asked.then(|| {
            let template = "services/__context__/tests/failures/refused.rs";
            File::new(Class::Seeded, template, &names, Refused {})
        });
        let template = "services/__context__/tests/failures.rs";
        let path = format!("services/{name}/tests/failures.json");
        let files = [
            File::new(managed, template, &names, tests),
            File::text(managed, &path, pretty(&examples)),
        ];
        files.into_iter().chain(refused).collect()
    }

    /// The failure tests of the service, and their examples.
    fn failures(&self) -> (FailureTests<'_>, Value) {
        let mut numbers = FIRST..;
        let mut rows = Rows::new(self);
        let reactions = self.reactions();
        let heard = Histories::new(self, &reactions, &mut rows, &mut numbers).heard();
        let requests = Requests::new(self, &mut rows, &mut numbers).all();
        let named = named(&heard, &requests, &rows);
        let mut histories = Histories::new(self, &reactions, &mut rows, &mut numbers).copied(named);
        histories.extend(heard);
        let holds = self.holds(&self.acting(&reactions, &histories, &requests));
        let racing = self.racing(&reactions);
        let seen = racing.len() < self.context.aggregates.len();
        let acts = (seen && !(holds.is_empty() && requests.is_empty()))
            || !self.context.replicas.is_empty();
        let examples = json!({
            "rows": rows.all(),
            "histories": histories.iter().map(|history| &history.value).collect::<Vec<_>>(),
            "requests": requests.iter().map(|request| &request.value).collect::<Vec<_>>(),
            "racing": racing,
            "acts": acts,
        });
        let tests = FailureTests {
            context: self.context.name.as_str(),
            crate_name: self.crate_name(),
            database_stands_in: self.context.database != Database::Sqlite,
            broker_stands_in: self.system.broker != Broker::Embedded,
            hears: !histories.is_empty(),
            reacts: histories.iter().any(|history| history.heard.is_some()),
            asked: !requests.is_empty(),
            acts,
            holds: holds.into_iter().map(Literal::text).collect(),
        };
        (tests, examples)
    }

    /// Whether a command emits an event as it was seeded.
    fn surely_emits(&self, command: &str, event: &str) -> bool {
        let command = self.context.commands.get(command).into_iter();
        let mut emits = command.flat_map(|command| &command.emits);
        emits.any(|emission| match emission {
            Emission::Always(name) => name.as_str() == event,
            Emission::OneOf(names) => names.first().is_some_and(|name| name.as_str() == event),
            Emission::Optional(_) => false,
        })
    }

    /// The places between an effect and its offset that are reached.
    fn holds(&self, acting: &[&Reaction<'_>]) -> Vec<&'static str> {
        let policy = acting.iter().any(|reaction| !reaction.effect);
        let effect = acting.iter().any(|reaction| reaction.effect);
        let follows = acting.iter().any(|reaction| reaction.first.is_some());
        let replica = !self.context.replicas.is_empty();
        let places = [
            ("replica.before-commit", replica),
            ("policy.before-commit", policy),
            ("effect.before-commit", effect),
            ("consumer.after-effect", replica || policy || effect),
            ("command.before-commit", follows),
            ("effect.after-attempt", effect),
            ("effect.before-outcome", effect),
        ];
        let reached = places.into_iter().filter(|(_, reached)| *reached);
        reached.map(|(place, _)| place).collect()
    }
}

/// What examples name of other contexts.
fn named(heard: &[History], requests: &[Asked], rows: &Rows<'_>) -> Named {
    let mut named = Named::default();
    for history in heard {
        named.know(&history.id);
        named.note(&history.value["events"], Some(&history.context));
    }
    for request in requests {
        named.note(&request.value["body"], None);
    }
    for row in rows.all() {
        named.note(&row["members"], None);
    }
    named
}

fn pretty(value: &Value) -> String {
    // A value always has a JSON form.
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    text + "\n"
}

/// `shop.order.unheard`: a type that nobody knows, since names of events begin with a capital.
fn unheard(system: &str, context: &str) -> String {
    format!("{system}.{context}.unheard")
}

/// What the aggregate is called in the runtime.
fn kind(aggregate: &str) -> String {
    names::snake(aggregate)
}
