//! What the service is asked for over HTTP: commands that create, and those whose events its own
//! handlers hear.

use std::ops::RangeFrom;

use serde_json::{Value, json};

use crate::model::routes::{Endpoint, routes};
use crate::model::{Aggregate, Change, Command, InputSource, Reference, Type};
use crate::plan::sample;

use super::super::Service;
use super::reactions::Reaction;
use super::rows::{Rows, Wanted};

/// How often the same command is asked for, each time for another aggregate.
const TIMES: u32 = 3;

/// A request.
pub(super) struct Asked {
    /// The command.
    pub command: String,
    /// Its JSON form.
    pub value: Value,
}

/// Makes requests.
pub(super) struct Requests<'a, 'r> {
    service: &'a Service<'a>,
    reactions: &'r [Reaction<'a>],
    rows: &'r mut Rows<'a>,
    numbers: &'r mut RangeFrom<u32>,
}

impl<'a, 'r> Requests<'a, 'r> {
    pub fn new(
        service: &'a Service<'a>,
        reactions: &'r [Reaction<'a>],
        rows: &'r mut Rows<'a>,
        numbers: &'r mut RangeFrom<u32>,
    ) -> Self {
        Self {
            service,
            reactions,
            rows,
            numbers,
        }
    }

    /// The requests for the likeliest command, and for those whose events are heard here.
    pub fn all(mut self) -> Vec<Asked> {
        let mut commands: Vec<&Command> = self
            .service
            .context
            .commands
            .values()
            .filter(|command| command.http && command.change != Change::Deletes)
            .collect();
        // Those that need and refuse nothing first, and creations before changes.
        commands.sort_by_key(|command| {
            let change = u8::from(command.change != Change::Creates);
            (command.refuses.len() + command.needs.len(), change)
        });
        let heard: Vec<&Command> = commands
            .iter()
            .copied()
            .filter(|command| self.is_heard(command))
            .collect();
        let mut asked = Vec::new();
        for command in commands {
            if asked.is_empty() || heard.contains(&command) {
                asked.extend((0..TIMES).filter_map(|_| self.ask(command)));
            }
        }
        asked
    }

    /// Whether a handler of the service hears what a command emits.
    fn is_heard(&self, command: &Command) -> bool {
        let own = &self.service.context.name;
        let mut triggers = self.reactions.iter().map(|reaction| reaction.trigger);
        triggers.any(|trigger| {
            let (name, event) = (command.name.as_str(), trigger.event.as_str());
            trigger.context == *own && self.service.surely_emits(name, event)
        })
    }

    fn ask(&mut self, command: &Command) -> Option<Asked> {
        let context = self.service.context;
        let aggregate = context.aggregates.get(&command.aggregate)?;
        let endpoint = Endpoint::Command(command.name.clone());
        let route = routes(context)
            .into_iter()
            .find(|route| route.endpoint == endpoint)?;
        let number = self.numbers.next()?;
        let body = self.body(aggregate, command, number)?;
        let mut path = route.path;
        if command.change == Change::Creates {
            let members = body.as_object().cloned().unwrap_or_default();
            let claimed = self.rows.put_referred(aggregate, &members, 0)
                && self.rows.claim(aggregate, members);
            claimed.then_some(())?;
        } else {
            let of = format!("{:?}", Reference::Local(aggregate.name.clone()));
            let id = sample::uuid(&of, number);
            let from = command.transition.as_ref().and_then(|t| t.from.first());
            let wanted = Wanted {
                aggregate: &aggregate.name,
                id: Some(id.clone()),
                members: Vec::new(),
                status: from.map(ToString::to_string),
                number,
            };
            self.rows.put(wanted).then_some(())?;
            path = path.replace("{id}", &id);
        }
        Some(Asked {
            command: command.name.to_string(),
            value: json!({ "path": path, "body": body }),
        })
    }

    /// What is sent: what callers may leave out is left out.
    fn body(&self, aggregate: &Aggregate, command: &Command, number: u32) -> Option<Value> {
        let system = self.service.system;
        let mut body = sample::request(system, aggregate, command, number);
        for input in command.input.values() {
            if let InputSource::Own(field) = &input.source
                && matches!(&field.ty, Type::Reference(Reference::Entity { .. }))
                && !input.optional
            {
                // Nobody outside knows the ids of what is inside.
                return None;
            }
            let collection = matches!(input.source, InputSource::Collection(_));
            if input.optional && !collection {
                body.as_object_mut()?.remove(input.name.as_str());
            }
        }
        Some(body)
    }
}
