//! Commands of policies and effects that were given up, without the personal data in them. Those whose turn
//! comes are carried out whole.

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::messages::emptied_message;
use super::{Rewritten, rewrite_all};
use crate::erasure::{ERASED, Emptied};
use crate::handler::command::{PendingCommand, RefusedCommand};
use crate::handler::deferred::Deferred;
use crate::handler::stuck;
use crate::{Refused, Runtime};
use platform_contract::schema::personal;
use platform_ports::engine::{Document, Documents, EngineError};

/// Erases commands on an aggregate that were given up. Whether none is still to be carried out.
pub(crate) async fn erase_commands_on(
    runtime: &Runtime,
    aggregate: Uuid,
) -> Result<bool, EngineError> {
    erase_commands(runtime, None, |pending| pending.target == Some(aggregate)).await
}

/// Erases commands that were given up; `emptied` is for the event that one comes from, where that is to be
/// erased as well. Whether none of the wanted ones is still to be carried out.
pub(super) async fn erase_commands(
    runtime: &Runtime,
    emptied: Option<Emptied>,
    wanted: impl Fn(&PendingCommand) -> bool,
) -> Result<bool, EngineError> {
    let engine = &*runtime.engine;
    let peek = engine
        .peek(&[Documents::Commands, Documents::DeadLetters])
        .await?;
    let mut done = true;
    let empty = |pending: PendingCommand| emptied_command(runtime, pending, emptied);
    if peek.holds(Documents::Commands) {
        let stuck = |document: &Document| {
            let of_command = |body: &Value| {
                let pending = PendingCommand::deserialize(body).ok()?;
                wanted(&pending).then(|| json!(empty(pending)))
            };
            if let Some(rewritten) = stuck::rewritten(document, of_command) {
                return rewritten.map_or(Rewritten::Same, Rewritten::To);
            }
            match PendingCommand::deserialize(&document.body) {
                Ok(pending) if wanted(&pending) => Rewritten::UnderWay,
                _ => Rewritten::Same,
            }
        };
        done &= rewrite_all(engine, Documents::Commands, None, stuck).await?;
    }
    if peek.holds(Documents::DeadLetters) {
        let refused = |document: &Document| match RefusedCommand::deserialize(&document.body) {
            Ok(refused) if wanted(&refused.pending) => Rewritten::To(json!(RefusedCommand {
                pending: empty(refused.pending),
                refused: refused.refused.map(without_words),
                ..refused
            })),
            _ => Rewritten::Same,
        };
        done &= rewrite_all(engine, Documents::DeadLetters, None, refused).await?;
    }
    Ok(done)
}

fn emptied_command(
    runtime: &Runtime,
    mut pending: PendingCommand,
    emptied: Option<Emptied>,
) -> PendingCommand {
    let executor = runtime.commands.get(pending.command.as_str());
    let input = executor.map_or(&[][..], |executor| executor.input());
    if let Value::Object(members) = &mut pending.input {
        personal::emptied(input, members);
    }
    pending.deferred = pending.deferred.map(|deferred| {
        let empty = |emptied| emptied_message(&deferred.message, u64::MAX, emptied);
        match emptied.and_then(empty) {
            Some(message) => Deferred {
                message,
                ..deferred
            },
            None => deferred,
        }
    });
    pending
}

/// A refusal, of which only the name is left.
fn without_words(refused: Refused) -> Refused {
    Refused {
        detail: ERASED.to_owned(),
        violations: Vec::new(),
        ..refused
    }
}
