//! The schemas of commands' inputs.

use serde_json::{Value, json};

use super::fields::{default, explain, field, not_null, nullable};
use super::schemas::{Way, object, reference};
use crate::model::{Aggregate, Change, Command, Content, Presence};
use crate::plan::prose::{command_doc, left_out};

/// The input of a command.
pub(super) fn input(aggregate: &Aggregate, command: &Command) -> Value {
    let inputs = command.inputs(aggregate).map(|input| {
        let mut schema = plain(input.content);
        if let Some(meaning) = left_out(input.presence, input.default) {
            explain(&mut schema, &meaning);
        }
        // In an update what is left out stays as it is, and does not become the default.
        let is_made = command.change == Change::Creates && input.presence == Presence::Optional;
        let defaults = is_made || input.presence == Presence::Defaulted;
        if let Some(field) = input.content.field().filter(|_| defaults) {
            default(field, &mut schema);
        }
        let schema = match input.presence {
            Presence::Optional | Presence::Defaulted | Presence::Clearable => nullable(schema),
            Presence::Kept => not_null(schema),
            Presence::Required => schema,
        };
        let required = input.presence == Presence::Required;
        (input.name.to_string(), required, schema)
    });
    object(Some(&command_doc(command)), inputs.collect(), Way::In)
}

/// Whether a command has to be sent with a body: an empty one is an object without members.
pub(super) fn is_needed(aggregate: &Aggregate, command: &Command) -> bool {
    let mut inputs = command.inputs(aggregate);
    inputs.any(|input| input.presence == Presence::Required)
}

/// What an input is when it is there.
fn plain(content: Content<'_>) -> Value {
    match content {
        Content::Field(of) => field(of, Way::In),
        Content::Entities(entity) => json!({
            "type": "array",
            "items": reference(&Way::In.named(entity.name.as_str())),
            "description": "Those without an `id` get one; no two may have the same.",
        }),
    }
}
