//! From the raw description to the [`System`] it means, or all that keeps it from meaning one.
//!
//! Every stage goes over all contexts before the next begins: what a stage names was made by the one
//! before. What fails is reported and left out; what names it then stays silent.

mod aggregates;
mod calls;
mod candidates;
mod checker;
mod columns;
mod commands;
mod constraints;
mod contexts;
mod declared;
mod defaults;
mod effects;
mod emissions;
mod events;
mod fields;
mod fill;
mod forms;
mod gateway;
mod inputs;
mod instants;
mod keys;
mod members;
mod names;
mod needs;
mod parts;
mod paths;
mod policies;
mod publishing;
mod queries;
mod read_models;
mod reads;
mod refusals;
mod replicas;
mod roles;
mod rules;
mod saga_targets;
mod sagas;
mod targets;
mod transitions;
mod type_of;
mod types;
mod words;

use checker::{Checker, Home};

use crate::description::Description;
use crate::diagnostics::{Diagnostic, Severity, sorted};
use crate::model::{Context, Given, System};

/// How a description is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Whether every database is SQLite and the broker the embedded one, whatever is described.
    pub embedded: bool,
}

/// A valid description.
#[derive(Debug, Clone, PartialEq)]
pub struct Valid {
    /// The system it means.
    pub system: System,
    /// Valid constructs that nothing is generated for yet: errors for who generates.
    pub later: Vec<Diagnostic>,
    /// What is worth a look.
    pub warnings: Vec<Diagnostic>,
}

/// Turns a description into the system it means, or says all that is wrong with it, in the order of
/// the files.
///
/// A description that was not readable as TOML is refused without a word: that was said, and names
/// may be missing from it that were written. One with errors of shape is validated as far as it was
/// read; its system lacks what failed.
///
/// # Errors
/// All findings, when one of them is an error.
pub fn validate(description: &Description, options: &Options) -> Result<Valid, Vec<Diagnostic>> {
    if !description.readable {
        return Err(Vec::new());
    }
    let Some(system) = contexts::system(description, options) else {
        return Err(Vec::new());
    };
    let mut cx = Checker::new(description, options, system);
    let homes = contexts::homes(&mut cx);
    shared(&mut cx);
    let steps: [Step; 6] = [values, aggregates, events, copies, commands, reactions];
    for step in steps {
        for home in &homes {
            step(&mut cx, home);
        }
        cx.settle_inline();
    }
    for home in &homes {
        settle(&mut cx, home);
        outside(&cx, home);
    }
    gateway::compositions(&cx);
    rules::rules(&cx);
    declared::collisions(&cx, &homes);
    finish(cx)
}

/// A stage of one context.
type Step = fn(&mut Checker<'_>, &Home<'_>);

fn finish(cx: Checker<'_>) -> Result<Valid, Vec<Diagnostic>> {
    let unnamed = cx.raw.system.is_none();
    let (mut system, findings, later) = cx.finish();
    system.give(&Given::default());
    let wrong = findings
        .iter()
        .any(|finding| finding.severity == Severity::Error);
    if wrong || unnamed {
        // Who designs with what is not there yet should hear of it with the rest.
        return Err(sorted(findings.into_iter().chain(later).collect()));
    }
    Ok(Valid {
        system,
        later: sorted(later),
        warnings: sorted(findings),
    })
}

/// The shared kernel.
fn shared(cx: &mut Checker<'_>) {
    let raw = cx.raw;
    cx.system.enums = types::enums(cx, &raw.enums);
    types::values(cx, None, &raw.values);
}

fn values(cx: &mut Checker<'_>, home: &Home<'_>) {
    let made = types::enums(cx, &home.raw.enums);
    put(cx, home, |context| context.enums = made);
    types::values(cx, Some(home), &home.raw.values);
}

fn aggregates(cx: &mut Checker<'_>, home: &Home<'_>) {
    let made = aggregates::aggregates(cx, home);
    put(cx, home, |context| context.aggregates = made);
}

fn events(cx: &mut Checker<'_>, home: &Home<'_>) {
    let (events, queries) = (events::events(cx, home), queries::queries(cx, home));
    put(cx, home, |context| {
        (context.events, context.queries) = (events, queries)
    });
}

fn copies(cx: &mut Checker<'_>, home: &Home<'_>) {
    let made = replicas::replicas(cx, home);
    put(cx, home, |context| context.replicas = made);
}

fn commands(cx: &mut Checker<'_>, home: &Home<'_>) {
    let made = commands::commands(cx, home);
    put(cx, home, |context| {
        events::settle(&mut context.events, &made);
        context.commands = made;
    });
}

fn reactions(cx: &mut Checker<'_>, home: &Home<'_>) {
    let (policies, effects) = (policies::policies(cx, home), effects::effects(cx, home));
    put(cx, home, |context| {
        (context.policies, context.effects) = (policies, effects)
    });
}

/// What follows from all contexts together: what copies may lack, which commands have routes.
fn settle(cx: &mut Checker<'_>, home: &Home<'_>) {
    let replicas = cx.context(home).replicas.values();
    let fields: Vec<_> = replicas
        .map(|replica| replicas::published(cx, home, replica))
        .collect();
    let internal = commands::internal(cx, home);
    put(cx, home, |context| {
        for (replica, fields) in context.replicas.values_mut().zip(fields) {
            replica.fields = fields;
        }
        for command in context.commands.values_mut() {
            command.http = !internal.contains(&command.name);
        }
    });
    emissions::mixed_deletions(cx, home);
    paths::collisions(cx, home);
}

/// What is checked, and not part of the model yet.
fn outside(cx: &Checker<'_>, home: &Home<'_>) {
    keys::references_to_shards(cx, home);
    sagas::sagas(cx, home);
    calls::calls(cx, home);
    read_models::read_models(cx, home);
    reads::flags(cx, home);
}

fn put(cx: &mut Checker<'_>, home: &Home<'_>, set: impl FnOnce(&mut Context)) {
    if let Some(context) = cx.system.contexts.get_mut(&home.name) {
        set(context);
    }
}
