//! What the service is asked for over HTTP: commands that create and commands that change.

use std::ops::RangeFrom;

use serde_json::{Value, json};

use crate::model::routes::{Endpoint, routes};
use crate::model::{Aggregate, Change, Command, InputSource, Reference, Type};
use crate::plan::sample;

use super::rows::{Rows, Wanted};
use super::values::{BROUGHT, MADE, set_apart, there};
use crate::plan::sample::Members;
use crate::plan::services::Service;

/// How often the same command is asked for at least, each time for another aggregate.
const TIMES: usize = 3;
/// How often it is asked for at most, where it looks at aggregates in several statuses.
const MOST: usize = 9;

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
    rows: &'r mut Rows<'a>,
    numbers: &'r mut RangeFrom<u32>,
}

impl<'a, 'r> Requests<'a, 'r> {
    pub fn new(
        service: &'a Service<'a>,
        rows: &'r mut Rows<'a>,
        numbers: &'r mut RangeFrom<u32>,
    ) -> Self {
        Self {
            service,
            rows,
            numbers,
        }
    }

    /// The requests for all commands that create or change.
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
        let mut asked = Vec::new();
        for command in commands {
            let times = self.service.combinations(command).clamp(TIMES, MOST);
            asked.extend((0..times).filter_map(|_| self.ask(command)));
        }
        asked
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
        let target = self.rows.members(aggregate, number);
        let wishes = &mut self.rows.wishes;
        wishes.look(self.service, command, [&body, &target]);
        let changed = (command.change != Change::Creates).then(|| changed(command, number));
        if let Some((id, Some(from))) = &changed {
            // What it names may name it in turn, and bring it about before.
            self.rows.wishes.want(id, from);
        }
        let mut made = body.clone();
        made.extend(self.service.worked_out_example(aggregate, command));
        let referred =
            self.rows.put_referred(aggregate, &made, 0) && self.rows.put_named(command, &body);
        referred.then_some(())?;
        let mut path = route.path;
        if let Some((id, status)) = changed {
            path = path.replace("{id}", &id);
            let wanted = Wanted {
                aggregate: &aggregate.name,
                id: Some(id),
                members: Vec::new(),
                status,
                number,
            };
            self.rows.put(wanted).then_some(())?;
        } else {
            self.rows.claim(aggregate, made).then_some(())?;
        }
        Some(Asked {
            command: command.name.to_string(),
            value: json!({ "command": command.name.as_str(), "path": path, "body": body }),
        })
    }

    /// What is sent: what callers may leave out is left out.
    fn body(&self, aggregate: &Aggregate, command: &Command, number: u32) -> Option<Members> {
        let service = self.service;
        let mut body = sample::request(service.system, aggregate, command, number);
        service.make_sense(aggregate, &mut body, number, |name| match command.change {
            Change::Creates => MADE,
            _ => there(service, aggregate, name, number),
        });
        for input in command.input.values() {
            if let InputSource::Own(field) = &input.source {
                let value = body.get_mut(input.name.as_str())?;
                service.resize(field, value, BROUGHT, number);
                if let Type::Reference(Reference::Entity {
                    aggregate: of,
                    entity,
                }) = &field.ty
                {
                    // Of others nobody knows the ids of what is inside.
                    let known = *of == aggregate.name && command.change != Change::Creates;
                    (known || input.may_be_left_out()).then_some(())?;
                    let id = json!(sample::uuid(entity.as_str(), number));
                    *value = if field.list { json!([id]) } else { id };
                }
            }
            let collection = matches!(input.source, InputSource::Collection(_));
            if input.may_be_left_out() && !collection {
                body.remove(input.name.as_str());
            }
        }
        let fields = command
            .inputs(aggregate)
            .filter_map(|input| input.content.field());
        set_apart(fields, &mut body, Some(aggregate));
        Some(body)
    }
}

/// The aggregate that an example of a command changes, and the status it has to be in.
fn changed(command: &Command, number: u32) -> (String, Option<String>) {
    let of = format!("{:?}", Reference::Local(command.aggregate.clone()));
    let from = command.transition.as_ref().map_or(&[][..], |t| &t.from);
    let turn = usize::try_from(number).unwrap_or(0);
    let from = from.get(turn.checked_rem(from.len()).unwrap_or(0));
    (sample::uuid(&of, number), from.map(ToString::to_string))
}
