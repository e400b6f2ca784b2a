//! Edits of a system.

use cargo_microdb::description;
use cargo_microdb::source::Sources;
use cargo_microdb::validation::{Options, validate};

use super::rng::Rng;
use super::system::{Aggregate, System};

/// A kind of edit, and whether there was something to do it to.
type Edit = (&'static str, fn(&mut Rng, &mut System) -> Option<()>);

const EDITS: [Edit; 17] = [
    ("field added", |rng, system| {
        let field = system.field(rng);
        aggregate(rng, system)?.fields.push(field);
        Some(())
    }),
    ("field removed", |rng, system| {
        let fields = &mut aggregate(rng, system)?.fields;
        (fields.len() > 1).then(|| drop(fields.remove(rng.below(fields.len()))))
    }),
    ("field renamed", |rng, system| {
        let name = system.name().to_lowercase();
        let aggregate = aggregate(rng, system)?;
        let at = rng.below(aggregate.fields.len());
        let field = &mut aggregate.fields[at].0;
        let old = field.now.clone();
        field.rename(name.clone());
        for (_, by) in aggregate.queries.iter_mut().filter(|query| query.1 == old) {
            by.clone_from(&name);
        }
        Some(())
    }),
    ("aggregate added", |rng, system| {
        let aggregate = system.aggregate(rng);
        let at = rng.below(system.contexts.len());
        system.contexts[at].aggregates.push(aggregate);
        Some(())
    }),
    ("aggregate removed", |rng, system| {
        let at = rng.below(system.contexts.len());
        let aggregates = &mut system.contexts[at].aggregates;
        (aggregates.len() > 1).then(|| drop(aggregates.remove(rng.below(aggregates.len()))))
    }),
    ("aggregate renamed", |rng, system| {
        let name = system.name();
        aggregate(rng, system)?.name.rename(name);
        Some(())
    }),
    ("command and event added", |rng, system| {
        let command = system.command();
        aggregate(rng, system)?.commands.push(command);
        Some(())
    }),
    ("command and event removed", |rng, system| {
        let commands = &mut aggregate(rng, system)?.commands;
        (!commands.is_empty()).then(|| drop(commands.remove(rng.below(commands.len()))))
    }),
    ("command renamed", |rng, system| {
        let name = system.name();
        let commands = &mut aggregate(rng, system)?.commands;
        let at = (!commands.is_empty()).then(|| rng.below(commands.len()))?;
        commands[at].0.rename(format!("Turn{name}"));
        Some(())
    }),
    ("event renamed", |rng, system| {
        let name = system.name();
        let commands = &mut aggregate(rng, system)?.commands;
        let at = (!commands.is_empty()).then(|| rng.below(commands.len()))?;
        commands[at].1.rename(format!("{name}Turned"));
        Some(())
    }),
    ("state added or removed", |rng, system| {
        let name = system.name().to_lowercase();
        let states = &mut aggregate(rng, system)?.states;
        match states.len() > 1 && rng.chance(40) {
            true => drop(states.pop()),
            false => states.push(name),
        }
        Some(())
    }),
    ("query added", |rng, system| {
        let name = system.name();
        let aggregate = aggregate(rng, system)?;
        let field = aggregate.fields[rng.below(aggregate.fields.len())]
            .0
            .now
            .clone();
        aggregate.queries.push((format!("By{name}"), field));
        Some(())
    }),
    ("query removed", |rng, system| {
        let queries = &mut aggregate(rng, system)?.queries;
        queries.pop().map(drop)
    }),
    ("policy added", |rng, system| {
        let from = &system.contexts[rng.below(system.contexts.len())];
        let event = from.aggregates[rng.below(from.aggregates.len())]
            .started
            .now
            .clone();
        let on = (from.name.clone(), event);
        let at = rng.below(system.contexts.len());
        let then = system.contexts[at].aggregates[0].start.now.clone();
        let policy = system.policy(on, then);
        system.contexts[at].policies.push(policy);
        Some(())
    }),
    ("policy removed", |rng, system| {
        let at = rng.below(system.contexts.len());
        system.contexts[at].policies.pop().map(drop)
    }),
    ("policy renamed", |rng, system| {
        let name = system.name();
        let at = rng.below(system.contexts.len());
        let policy = system.contexts[at].policies.last_mut()?;
        policy.name.rename(name);
        Some(())
    }),
    ("context added or removed", |rng, system| {
        match system.contexts.len() > 2 && rng.chance(50) {
            true => drop(system.contexts.remove(rng.below(system.contexts.len()))),
            false => {
                let context = system.context(rng);
                let at = rng.below(system.contexts.len() + 1);
                system.contexts.insert(at, context);
            }
        }
        Some(())
    }),
];

fn aggregate<'s>(rng: &mut Rng, system: &'s mut System) -> Option<&'s mut Aggregate> {
    let at = rng.below(system.contexts.len());
    let aggregates = &mut system.contexts[at].aggregates;
    let at = rng.below(aggregates.len());
    aggregates.get_mut(at)
}

/// The system after one edit that leaves it valid, and of what kind that is.
pub fn edited(rng: &mut Rng, system: &System) -> (&'static str, System) {
    loop {
        let (kind, edit) = EDITS[rng.below(EDITS.len())];
        let mut next = system.clone();
        // What was called something else before is settled: a second name is no chain.
        if kind.ends_with("renamed") {
            next.settle();
        }
        if edit(rng, &mut next).is_some() && is_valid(&next.text()) {
            return (kind, next);
        }
    }
}

fn is_valid(text: &str) -> bool {
    let mut sources = Sources::literal([("microdb.toml", text)]);
    let (description, found) = description::read(&mut sources);
    let valid = validate(&description, &Options { embedded: false });
    found.is_empty() && valid.is_ok_and(|valid| valid.later.is_empty())
}
