//! Random descriptions that are valid by construction, most of the time: every construct that is
//! generated, under names that are hard on generated code.
//!
//! A description is several systems' worth of contexts: groups that know nothing of each other,
//! each drawn along axes of its own, under one shared kernel. One workspace thus compiles many.

mod aggregates;
mod commands;
mod events;
mod fields;
mod names;
mod reactions;
mod rng;
mod words;

use std::cmp::Reverse;

use toml::{Table, Value};

use aggregates::{Context, External};
use fields::Types;
use names::Names;
pub use names::{STYLES, Style};
use rng::Rng;

/// What a description is made of.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The broker between all contexts.
    pub broker: &'static str,
    /// Its groups of contexts.
    pub groups: Vec<Axes>,
}

/// How a group of contexts is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axes {
    /// What names are made of.
    pub style: Style,
    /// How many contexts there are.
    pub contexts: usize,
    /// What is in them.
    pub shape: Shape,
    /// What reacts to what.
    pub reactions: Reactions,
    /// The database of the first context; those of the others are any.
    pub database: &'static str,
}

/// What is in a context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Aggregates alone, most without a command.
    Bare,
    /// Aggregates with commands, events and queries.
    Flat,
    /// And with entities, value objects and states.
    Deep,
}

/// What reacts to events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reactions {
    None,
    /// Policies and effects within a context.
    Own,
    /// Replicas, policies and effects over contexts.
    Across,
}

const SHAPES: [Shape; 3] = [Shape::Bare, Shape::Flat, Shape::Deep];
const REACTIONS: [Reactions; 3] = [Reactions::None, Reactions::Own, Reactions::Across];
/// The databases; the first is the one that goes without saying.
pub const DATABASES: [&str; 4] = ["sqlite", "postgres", "mongodb", "redis"];
/// The brokers.
pub const BROKERS: [&str; 2] = ["embedded", "kafka"];
/// How many axes there are.
const AXES: usize = 4;
/// How many values each axis of [`pairwise`] has.
const LEVELS: [usize; AXES] = [STYLES.len(), SHAPES.len(), REACTIONS.len(), DATABASES.len()];

/// Axes such that every two values of different axes meet in one of them, with as many contexts as
/// it takes to react to each other.
pub fn pairwise() -> Vec<Axes> {
    let mut missing: Vec<[(usize, usize); 2]> = Vec::new();
    for (one, level) in LEVELS.iter().enumerate() {
        for (other, others) in LEVELS.iter().enumerate().skip(one + 1) {
            for value in 0..*level {
                missing.extend((0..*others).map(|with| [(one, value), (other, with)]));
            }
        }
    }
    let total: usize = LEVELS.iter().product();
    let row = |mut number: usize| {
        LEVELS.map(|level| {
            let value = number % level;
            number /= level;
            value
        })
    };
    let mut rows = Vec::new();
    while !missing.is_empty() {
        let meets = |row: &[usize; AXES], pair: &[(usize, usize); 2]| {
            pair.iter().all(|(axis, value)| row[*axis] == *value)
        };
        let gain = |row: &[usize; AXES]| missing.iter().filter(|pair| meets(row, pair)).count();
        // Of equal rows one with few contexts and the fuller shape.
        let worth = |row: &[usize; AXES]| (gain(row), Reverse(row[2]), row[1]);
        let Some(best) = (0..total).map(row).max_by_key(worth) else {
            break;
        };
        missing.retain(|pair| !meets(&best, pair));
        rows.push(best);
    }
    rows.into_iter().map(|row| axes(row, 1)).collect()
}

fn axes([style, shape, reactions, database]: [usize; AXES], least: usize) -> Axes {
    let reactions = REACTIONS[reactions];
    Axes {
        style: STYLES[style],
        contexts: match reactions {
            Reactions::Across => least.max(2),
            _ => least,
        },
        shape: SHAPES[shape],
        reactions,
        database: DATABASES[database],
    }
}

/// A sample of one group, drawn from a seed.
pub fn some_sample(seed: u64) -> Sample {
    let mut rng = Rng::new(seed);
    let least = rng.from(1, 4);
    let groups = vec![axes(LEVELS.map(|end| rng.below(end)), least)];
    let broker = rng.pick(&BROKERS);
    Sample { broker, groups }
}

/// The description that follows from a seed.
pub fn description(seed: u64, sample: &Sample) -> String {
    let mut rng = Rng::new(seed);
    let mut table = Table::new();
    let mut system = Table::new();
    system.insert("name".to_owned(), "random".into());
    fields::about(&mut rng, &mut system);
    system.remove("renamed_from");
    if sample.broker != BROKERS[0] || rng.chance(50) {
        system.insert("broker".to_owned(), sample.broker.into());
    }
    table.insert("system".to_owned(), system.into());
    let kernel = aggregates::kernel(&mut rng, &mut table);
    let mut names = Names::default();
    let mut contexts = Table::new();
    for axes in &sample.groups {
        for context in group(&mut rng, axes, &kernel, &mut names) {
            contexts.insert(context.name.clone(), Value::Table(context.written));
        }
    }
    table.insert("contexts".to_owned(), contexts.into());
    toml::to_string(&table).expect("a table is TOML")
}

/// What all contexts share.
#[derive(Debug, Clone)]
pub struct Kernel {
    types: Types,
    names: Names,
}

/// Contexts that may know of each other.
fn group(rng: &mut Rng, axes: &Axes, kernel: &Kernel, names: &mut Names) -> Vec<Context> {
    let mut contexts: Vec<Context> = (0..axes.contexts)
        .map(|index| {
            let name = names.context(rng, axes.style);
            let external = match index > 0 && axes.contexts > 1 && rng.chance(15) {
                true => External::Yes,
                false => External::No,
            };
            let database = match index {
                0 => axes.database,
                _ => *rng.pick(&DATABASES),
            };
            Context::new(rng, name, *axes, (database, external), kernel)
        })
        .collect();
    let mut all: Vec<_> = contexts.iter().map(Context::aggregate_names).collect();
    if axes.reactions != Reactions::Across {
        // Each for itself: references within the context alone.
        for context in &mut contexts {
            context.types.aggregates = context.aggregate_names();
        }
        all.clear();
    }
    for context in &mut contexts {
        if !all.is_empty() {
            context.types.aggregates = all.concat();
        }
        context.describe_aggregates(rng);
        commands::describe(rng, context);
    }
    reactions::replicas(rng, axes.reactions, &mut contexts);
    for index in 0..contexts.len() {
        commands::describe_needs(rng, &mut contexts[index]);
        reactions::describe(rng, axes.reactions, &mut contexts, index);
    }
    contexts
}
