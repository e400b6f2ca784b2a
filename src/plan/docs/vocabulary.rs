//! What tests of decisions are written with, in words of the system.

use serde::Serialize;

use crate::model::{Aggregate, Change, Command, Context, NeedKind, System, derived};
use crate::plan::rust::names;
use crate::plan::view::Name;

/// The words of tests, each with what a system has for it.
#[derive(Debug, Serialize)]
pub(super) struct Vocabulary {
    /// A command that creates.
    creates: Option<Creates>,
    /// One that changes something.
    changes: Option<Changes>,
    /// A refusal: `PlaceOrderRefusal::EmptyOrder`.
    refuses: Option<String>,
    /// A command that looks at a replica.
    looks: Option<Looks>,
}

/// A command that creates.
#[derive(Debug, Serialize)]
struct Creates {
    command: Name,
    /// The function that gives an example of it.
    example: Name,
    /// One of its inputs; `None` without any.
    input: Option<Name>,
}

/// A command that changes something; each is the function that gives an example.
#[derive(Debug, Serialize)]
struct Changes {
    aggregate: Name,
    command: Name,
    /// What it emits.
    event: Name,
    /// A status of that: `OrderStatus::Confirmed`.
    status: Option<String>,
}

/// A command that looks at a replica.
#[derive(Debug, Serialize)]
struct Looks {
    /// The type of what it needs.
    needs: Name,
    need: Name,
    /// The function that gives an example of the replica.
    replica: Name,
}

/// The words of tests; `None` where nothing is decided.
pub(super) fn view(system: &System) -> Option<Vocabulary> {
    let decided = || {
        let services = system.services();
        services.flat_map(|context| context.commands.values().map(move |it| (context, it)))
    };
    decided().next()?;
    let mut creating = decided().filter(|(_, it)| it.change == Change::Creates);
    let mut changing: Vec<_> = decided()
        .filter(|(_, it)| it.change == Change::Updates)
        .collect();
    // One with a status, and with inputs, shows more.
    changing.sort_by_key(|(_, it)| (it.transition.is_none(), it.input.is_empty()));
    let mut refusing = decided().filter_map(|(_, it)| Some((it, it.refuses.first()?)));
    Some(Vocabulary {
        creates: creating.next().map(|(_, it)| creates(it)),
        changes: changing
            .first()
            .and_then(|(context, it)| changes(context, it)),
        refuses: refusing
            .next()
            .map(|(it, refusal)| variant(&derived::refusal(&it.name), &refusal.name)),
        looks: decided().find_map(|(context, it)| looks(context, it)),
    })
}

fn creates(command: &Command) -> Creates {
    Creates {
        command: Name::of_type(&command.name),
        example: Name::of_function(&command.name),
        input: command.input.keys().next().map(|name| Name::of_field(name)),
    }
}

fn changes(context: &Context, command: &Command) -> Option<Changes> {
    let aggregate = &context.aggregates[&command.aggregate];
    Some(Changes {
        aggregate: Name::of_function(&aggregate.name),
        command: Name::of_function(&command.name),
        event: Name::of_function(command.events().first()?),
        status: status(aggregate, command),
    })
}

/// A status in which a command is allowed.
fn status(aggregate: &Aggregate, command: &Command) -> Option<String> {
    let from = command.transition.as_ref()?.from.first()?;
    Some(variant(&derived::status(&aggregate.name), from))
}

fn looks(context: &Context, command: &Command) -> Option<Looks> {
    let aggregate = &context.aggregates[&command.aggregate];
    command.needs.values().find_map(|need| match &need.kind {
        NeedKind::Replica { replica, key } if !command.may_lack(aggregate, key) => Some(Looks {
            needs: Name::of_type(&derived::needs(&command.name)),
            need: Name::of_field(&need.name),
            replica: Name::of_function(replica),
        }),
        _ => None,
    })
}

/// A variant of an enum as tests name it.
fn variant(of: &str, name: &str) -> String {
    format!("{}::{}", names::type_ident(of), names::variant_ident(name))
}
