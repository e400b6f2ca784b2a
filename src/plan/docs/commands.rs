//! The catalogue of commands and queries.

use serde::Serialize;

use crate::model::routes::{Endpoint, routes};
use crate::model::{
    Aggregate, Change, Command, Context, Emission, InputSource, NeedKind, Presence, Query, Refusal,
    Step, System,
};
use crate::plan::prose::left_out;

use super::events::FieldType;
use super::markdown::line;

/// What a context can be asked.
#[derive(Debug, Serialize)]
pub(super) struct ContextCommands {
    name: String,
    /// Whether its service is somebody else's.
    external: bool,
    commands: Vec<CommandView>,
    queries: Vec<QueryView>,
}

/// A business refusal.
#[derive(Debug, Serialize)]
struct RefusalView {
    name: String,
    /// The status of its answer.
    http: u16,
    /// What the description says of it, on one line.
    doc: Option<String>,
}

/// A command.
#[derive(Debug, Serialize)]
struct CommandView {
    name: String,
    /// What the description says of it, on one line.
    doc: Option<String>,
    /// Why it is deprecated, if it is.
    deprecated: Option<String>,
    /// Whether it makes an aggregate.
    creates: bool,
    /// Whether it deletes one.
    deletes: bool,
    aggregate: String,
    /// Its method and path; `None` for one that callers cannot send.
    route: Option<String>,
    transition: Option<TransitionView>,
    input: Vec<InputView>,
    needs: Vec<Needed>,
    emits: Vec<EmissionView>,
    refuses: Vec<RefusalView>,
    users: Vec<User>,
}

/// The states that a command starts from, and where it leads: nowhere, to one, or to one by each event.
#[derive(Debug, Serialize)]
struct TransitionView {
    from: Vec<String>,
    to: Option<String>,
    by_event: Vec<ByEvent>,
}

/// The state that an event leads to.
#[derive(Debug, Serialize)]
struct ByEvent {
    event: String,
    state: String,
}

/// What a command takes.
#[derive(Debug, Serialize)]
struct InputView {
    name: String,
    #[serde(rename = "type")]
    ty: FieldType,
    /// What it means to leave it out, where that is not plain.
    left_out: Option<String>,
}

/// What a command looks at besides its aggregate.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Needed {
    Replica(String),
    Aggregate(String),
    Query(String),
    Call(String),
    Flag(String),
}

/// What a command emits: an event, perhaps, or one of several.
#[derive(Debug, Serialize)]
struct EmissionView {
    events: Vec<String>,
    sometimes: bool,
    one_of: bool,
}

/// Who in the context gives a command.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum User {
    Policy(String),
    Effect(String),
}

/// A query, as a row of a table.
#[derive(Debug, Serialize)]
struct QueryView {
    name: String,
    aggregate: String,
    path: String,
    parameters: Vec<String>,
    /// Whether it finds one at most.
    unique: bool,
}

/// Each context that can be asked something, with its commands and queries.
pub(super) fn catalogue(system: &System) -> Vec<ContextCommands> {
    let contexts = system.contexts.values();
    let asked = contexts.filter(|it| !(it.commands.is_empty() && it.queries.is_empty()));
    let contexts = asked.map(|context| {
        let commands = context.commands.values();
        ContextCommands {
            name: context.name.to_string(),
            external: context.external,
            commands: commands.filter_map(|it| command(context, it)).collect(),
            queries: context.queries.values().map(query).collect(),
        }
    });
    contexts.collect()
}

/// Names as texts.
fn texts<T: ToString>(names: impl IntoIterator<Item = T>) -> Vec<String> {
    names.into_iter().map(|name| name.to_string()).collect()
}

fn command(context: &Context, command: &Command) -> Option<CommandView> {
    let aggregate = context.aggregates.get(&command.aggregate)?;
    let needs = command.needs.values();
    Some(CommandView {
        name: command.name.to_string(),
        doc: command.doc.as_deref().map(line),
        deprecated: command.deprecated.as_deref().map(line),
        creates: command.change == Change::Creates,
        deletes: command.change == Change::Deletes,
        aggregate: aggregate.name.to_string(),
        route: route(context, command),
        transition: transition(command),
        input: input(aggregate, command),
        needs: needs.map(|need| Needed::of(&need.kind)).collect(),
        emits: command.emits.iter().map(emission).collect(),
        refuses: command.refuses.iter().map(refusal).collect(),
        users: users(context, command),
    })
}

fn refusal(refusal: &Refusal) -> RefusalView {
    RefusalView {
        name: refusal.name.to_string(),
        http: refusal.http,
        doc: refusal.doc.as_deref().map(line),
    }
}

fn route(context: &Context, command: &Command) -> Option<String> {
    let found = routes(context)
        .into_iter()
        .find(|route| route.endpoint == Endpoint::Command(command.name.clone()))?;
    Some(format!("{} {}", found.method.as_str(), found.path))
}

fn transition(command: &Command) -> Option<TransitionView> {
    let transition = command.transition.as_ref()?;
    let (to, by_event) = match &transition.to {
        Step::Stay => (None, Vec::new()),
        Step::To(state) => (Some(state.to_string()), Vec::new()),
        Step::ByEvent(states) => (None, states.iter().collect()),
    };
    let by_event = by_event.into_iter().map(|(event, state)| ByEvent {
        event: event.to_string(),
        state: state.to_string(),
    });
    Some(TransitionView {
        from: texts(&transition.from),
        to,
        by_event: by_event.collect(),
    })
}

fn input(aggregate: &Aggregate, command: &Command) -> Vec<InputView> {
    let members = command.input.values().filter_map(|input| {
        let presence = command.presence(aggregate, input);
        let mut ty = match &input.source {
            InputSource::Field => FieldType::of(aggregate.fields.get(&input.name)?),
            InputSource::Own(field) => FieldType::of(field),
            InputSource::Collection(entity) => FieldType::entities(entity.as_str()),
        };
        let left_out = left_out(presence, input.default());
        ty.optional = presence != Presence::Required && left_out.is_none();
        Some(InputView {
            name: input.name.to_string(),
            ty,
            left_out,
        })
    });
    members.collect()
}

impl Needed {
    fn of(need: &NeedKind) -> Self {
        match need {
            NeedKind::Replica { replica, .. } => Self::Replica(replica.to_string()),
            NeedKind::Aggregate { aggregate, .. } => Self::Aggregate(aggregate.to_string()),
            NeedKind::Query { query, .. } => Self::Query(query.to_string()),
            NeedKind::Call { call } => Self::Call(call.to_string()),
            NeedKind::Flag { flag } => Self::Flag(flag.to_string()),
        }
    }
}

fn emission(emission: &Emission) -> EmissionView {
    EmissionView {
        events: texts(emission.events()),
        sometimes: matches!(emission, Emission::Optional(_)),
        one_of: matches!(emission, Emission::OneOf(_)),
    }
}

/// The policies and effects of the context that give a command.
fn users(context: &Context, command: &Command) -> Vec<User> {
    let policies = context.policies.values().filter(|p| p.then == command.name);
    let policies = policies.map(|policy| User::Policy(policy.name.to_string()));
    let effects = context.effects.values().filter(|effect| {
        [&effect.succeeded, &effect.failed].contains(&&Some(command.name.clone()))
    });
    let effects = effects.map(|effect| User::Effect(effect.name.to_string()));
    policies.chain(effects).collect()
}

fn query(query: &Query) -> QueryView {
    let by = query.by.iter().map(|by| by.member.to_string());
    let range = query.range.iter();
    let range = range.flat_map(|member| [format!("{member}_from"), format!("{member}_to")]);
    QueryView {
        name: query.name.to_string(),
        aggregate: query.aggregate.to_string(),
        path: query.path.clone(),
        parameters: by.chain(range).collect(),
        unique: query.unique,
    }
}
