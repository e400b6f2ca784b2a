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
mod values;

use serde::Serialize;
use serde_json::{Value, json};

use crate::model::Emission;
use crate::plan::layout::{call, slice};
use crate::plan::names;

use self::histories::{Histories, History};
use self::named::Named;
use self::reactions::Reaction;
use self::requests::{Asked, Requests};
use self::rows::Rows;
use super::Service;
use super::storage::literal;

/// The number of the first example; those that other tests show are below.
const FIRST: u32 = 11;

/// What the template of `tests/failures.rs` places.
#[derive(Debug, Serialize)]
pub struct Failures {
    /// Whether it hears events of other contexts.
    hears: bool,
    /// Whether some handler of events that come from other contexts acts on its own, so that a
    /// newer version of its event matters to it.
    reacts: bool,
    /// Whether it can be asked over HTTP to change something.
    asked: bool,
    /// Whether something that can be foretold comes of the examples.
    acts: bool,
    /// Where it is killed between an effect and its offset, as an array; absent: nowhere.
    holds: Option<String>,
    /// The examples, as JSON.
    #[serde(skip)]
    pub examples: String,
}

impl Failures {
    /// Whether there is anything to fail.
    pub fn is_empty(&self) -> bool {
        !self.hears && !self.asked
    }

    /// Whether it can be asked over HTTP to change something.
    pub fn asked(&self) -> bool {
        self.asked
    }
}

impl Service<'_> {
    /// The failure tests of the service.
    pub fn failures(&self) -> Failures {
        let mut numbers = FIRST..;
        let mut rows = Rows::new(self);
        let reactions = self.reactions();
        let heard = Histories::new(self, &reactions, &mut rows, &mut numbers).heard();
        let requests = Requests::new(self, &mut rows, &mut numbers).all();
        let named = named(&heard, &requests, &rows);
        let mut histories = Histories::new(self, &reactions, &mut rows, &mut numbers).copied(named);
        histories.extend(heard);
        let acting = self.acting(&reactions, &histories, &requests);
        let holds = self.holds(&acting);
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
        Failures {
            hears: !histories.is_empty(),
            reacts: histories.iter().any(|history| history.heard.is_some()),
            asked: !requests.is_empty(),
            acts,
            holds: laid(&holds),
            examples: pretty(&examples),
        }
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

fn laid(holds: &[&str]) -> Option<String> {
    let places = holds.iter().map(|place| literal(place)).collect();
    let killed = call("subject().is_killed_at", vec![slice(places)]);
    (!holds.is_empty()).then(|| killed.lay(4, 4, 1))
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
