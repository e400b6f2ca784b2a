//! Commands with the events they emit, and queries.

use cargo_microdb::model::{Refusal, derived};
use toml::{Table, Value};

use super::aggregates::{Aggregate, Context, Query, declare, put_fields};
use super::fields::{Field, Place, Ty, about, words_of};
use super::names::Names;
use super::rng::Rng;
use super::{Shape, events};

/// What a command does to its aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Creates,
    Updates,
    Deletes,
}

/// A command.
#[derive(Debug, Clone)]
pub struct Command {
    pub name: String,
    pub change: Change,
    pub aggregate: usize,
}

/// Declares the commands, events and queries of a context.
pub fn describe(rng: &mut Rng, context: &mut Context) {
    for index in 0..context.aggregates.len() {
        let bare = context.axes.shape == Shape::Bare;
        if !bare && rng.chance(85) || rng.chance(15) {
            describe_command(rng, context, index, Change::Creates);
        }
        let updates = if bare { rng.below(2) } else { rng.below(4) };
        for _ in 0..updates {
            describe_command(rng, context, index, Change::Updates);
        }
        if rng.chance(40) {
            describe_command(rng, context, index, Change::Deletes);
        }
        for _ in 0..rng.below(3) {
            describe_query(rng, context, index);
        }
    }
}

fn describe_command(rng: &mut Rng, context: &mut Context, index: usize, change: Change) {
    let name = context.names.type_name(rng, context.axes.style, |name| {
        derived::of_command(name, true, true, true)
    });
    let of = context.aggregates[index].clone();
    let mut made = Table::new();
    about(rng, &mut made);
    let verb = match change {
        Change::Creates => "creates",
        Change::Updates => "updates",
        Change::Deletes => "deletes",
    };
    made.insert(verb.to_owned(), of.name.clone().into());
    let (input, worked_out) = input(rng, &of, change, &mut made);
    let own = own(rng, context, &name, &of, change);
    put_fields(&mut made, "own", &own);
    if change != Change::Deletes {
        sets(rng, &of, change, (&input, worked_out), &mut made);
    }
    let emitted = emits(rng, context, index, change, &own, &mut made);
    if change != Change::Creates && !of.states.is_empty() && rng.chance(60) {
        transition(rng, &of, change, &emitted, &mut made);
    }
    refuses(rng, context, &mut made);
    if rng.chance(10) {
        made.insert("http".to_owned(), rng.chance(50).into());
    }
    declare(&mut context.written, "commands", &name, made);
    context.aggregates[index].told |= change == Change::Creates;
    context.commands.push(Command {
        name,
        change,
        aggregate: index,
    });
}

/// The inputs with a `?`.
fn unsure(made: &Table) -> Vec<String> {
    let input = made.get("input").and_then(Value::as_array);
    let names = input.into_iter().flatten().filter_map(Value::as_str);
    names
        .filter_map(|name| Some(name.strip_suffix('?')?.to_owned()))
        .collect()
}

/// The members the caller sends, `None` for those that go without saying; and those that a creation
/// works out instead.
fn input(
    rng: &mut Rng,
    of: &Aggregate,
    change: Change,
    made: &mut Table,
) -> (Option<Vec<String>>, Vec<String>) {
    let mut worked_out = Vec::new();
    if change == Change::Deletes || change == Change::Creates && rng.chance(40) {
        return ((change == Change::Deletes).then(Vec::new), worked_out);
    }
    let creates = change == Change::Creates;
    let mut names = Vec::new();
    let mut written = Vec::new();
    for field in &of.fields {
        let needed = creates && field.is_required();
        if needed && rng.chance(15) {
            worked_out.push(field.name.clone());
            continue;
        }
        if needed || rng.chance(if creates { 60 } else { 30 }) {
            names.push(field.name.clone());
            let mark = if !needed && rng.chance(40) { "?" } else { "" };
            written.push(Value::from(format!("{}{mark}", field.name)));
        }
    }
    for entity in &of.entities {
        if rng.chance(50) {
            names.push(entity.collection.clone());
            let mark = if rng.chance(20) { "?" } else { "" };
            written.push(format!("{}{mark}", entity.collection).into());
        }
    }
    if creates || !written.is_empty() {
        made.insert("input".to_owned(), Value::Array(written));
    }
    (Some(names), worked_out)
}

fn own(
    rng: &mut Rng,
    context: &mut Context,
    name: &str,
    of: &Aggregate,
    change: Change,
) -> Vec<Field> {
    let mut taken = of.members.clone();
    context.types.entities = match change {
        Change::Creates => Vec::new(),
        _ => of.entity_names(),
    };
    let count = rng.below(3);
    let own = context.fields(rng, name, Place::Own, count, &mut taken);
    context.types.entities.clear();
    own
}

fn sets(
    rng: &mut Rng,
    of: &Aggregate,
    change: Change,
    (input, worked_out): (&Option<Vec<String>>, Vec<String>),
    made: &mut Table,
) {
    let mut names = of.member_names();
    // A creation that lists no input is sent what it does not set.
    let sent = input.as_deref().unwrap_or_default();
    names.retain(|name| !sent.contains(name) && !worked_out.contains(name));
    let chance = match (change, input) {
        (Change::Creates, None) => 10,
        _ => 25,
    };
    let mut sets: Vec<Value> = rng
        .some(&names, chance)
        .into_iter()
        .cloned()
        .map(Value::from)
        .collect();
    sets.extend(worked_out.into_iter().map(Value::from));
    if !sets.is_empty() {
        made.insert("sets".to_owned(), Value::Array(sets));
    }
}

/// Declares what the command emits; answers the events' names.
fn emits(
    rng: &mut Rng,
    context: &mut Context,
    index: usize,
    change: Change,
    own: &[Field],
    made: &mut Table,
) -> Vec<String> {
    let mut names = Vec::new();
    let cleared = match change {
        Change::Updates => unsure(made),
        Change::Creates | Change::Deletes => Vec::new(),
    };
    let mut event = |rng: &mut Rng, context: &mut Context| {
        let name = events::describe(rng, context, index, (own, &cleared));
        names.push(name.clone());
        name
    };
    let mut places: Vec<Value> = Vec::new();
    if rng.chance(25) {
        let count = rng.from(2, 3);
        let choice = (0..count).map(|_| event(rng, context).into()).collect();
        let one_of = [("one_of".to_owned(), Value::Array(choice))]
            .into_iter()
            .collect();
        places.push(Value::Table(one_of));
    } else {
        // A change that may come to nothing: all of its events are optional.
        let mark = if change == Change::Updates && rng.chance(15) {
            "?"
        } else {
            ""
        };
        places.push(format!("{}{mark}", event(rng, context)).into());
    }
    if change != Change::Deletes {
        for _ in 0..rng.below(3) {
            let mark = if rng.chance(60) { "?" } else { "" };
            places.push(format!("{}{mark}", event(rng, context)).into());
        }
    }
    let one = places.len() == 1 && rng.chance(70);
    let emits = if one {
        places.remove(0)
    } else {
        Value::Array(places)
    };
    made.insert("emits".to_owned(), emits);
    names
}

fn transition(rng: &mut Rng, of: &Aggregate, change: Change, emitted: &[String], made: &mut Table) {
    let mut transition = Table::new();
    if rng.chance(80) {
        let mut from: Vec<Value> = rng
            .some(&of.states, 60)
            .into_iter()
            .cloned()
            .map(Value::from)
            .collect();
        if from.is_empty() {
            from.push(of.states[0].clone().into());
        }
        let one = from.len() == 1 && rng.chance(70);
        let from = if one {
            from.remove(0)
        } else {
            Value::Array(from)
        };
        transition.insert("from".to_owned(), from);
    }
    if change == Change::Updates && (transition.is_empty() || rng.chance(70)) {
        let to = match rng.chance(40) {
            true => {
                let mut table: Table = rng
                    .some(emitted, 70)
                    .into_iter()
                    .map(|event| (event.clone(), Value::from(of.states[0].clone())))
                    .collect();
                table
                    .entry(emitted[0].clone())
                    .or_insert(rng.pick(&of.states).clone().into());
                Value::Table(table)
            }
            false => rng.pick(&of.states).clone().into(),
        };
        transition.insert("to".to_owned(), to);
    }
    if !transition.is_empty() {
        made.insert("transition".to_owned(), transition.into());
    }
}

fn refuses(rng: &mut Rng, context: &Context, made: &mut Table) {
    let mut names = Names::default();
    for name in derived::BUILT_IN_REFUSALS {
        names.take(name);
    }
    let refusals: Vec<String> = (0..rng.below(3))
        .map(|_| names.member(rng, context.axes.style))
        .collect();
    if !refusals.is_empty() {
        let mut refusals = words_of(rng, &refusals);
        for refusal in refusals.as_array_mut().into_iter().flatten() {
            if rng.chance(40) {
                let status = *rng.pick(&Refusal::STATUSES);
                let mut long = refusal.as_table().cloned().unwrap_or_else(|| {
                    let name = refusal.clone();
                    [("name".to_owned(), name)].into_iter().collect()
                });
                long.insert("http".to_owned(), i64::from(status).into());
                *refusal = Value::Table(long);
            }
        }
        made.insert("refuses".to_owned(), refusals);
    }
}

fn describe_query(rng: &mut Rng, context: &mut Context, index: usize) {
    let of = context.aggregates[index].clone();
    let enums = context.types.enum_names();
    let mut by: Vec<String> = of
        .fields
        .iter()
        .filter(|field| {
            field.is_comparable(&enums) && !["limit", "after"].contains(&field.name.as_str())
        })
        .map(|field| field.name.clone())
        .collect();
    by.push("id".to_owned());
    if !of.states.is_empty() {
        by.push("status".to_owned());
    }
    by = rng.some(&by, 35).into_iter().cloned().collect();
    let ordered = of.fields.iter().filter(|field| field.is_ordered());
    let mut ordered: Vec<String> = ordered.map(|field| field.name.clone()).collect();
    ordered.extend(["version", "created_at", "updated_at"].map(str::to_owned));
    let mut made = Table::new();
    about(rng, &mut made);
    made.remove("renamed_from");
    made.remove("deprecated");
    made.insert("of".to_owned(), of.name.clone().into());
    let ranges: Vec<_> = ordered
        .iter()
        .filter(|name| !by.contains(name))
        .cloned()
        .collect();
    if by.is_empty() || rng.chance(30) {
        let range = rng.pick(&ranges).clone();
        by.retain(|name| *name != format!("{range}_from") && *name != format!("{range}_to"));
        made.insert("range".to_owned(), range.into());
    }
    ordered.push("id".to_owned());
    let order: Vec<Value> = rng
        .some(&ordered, 25)
        .into_iter()
        .map(|name| format!("{}{name}", if rng_sign(name) { "-" } else { "" }).into())
        .collect();
    if !order.is_empty() {
        made.insert("order_by".to_owned(), Value::Array(order));
    }
    let listed = by.iter().cloned().map(Value::from).collect();
    made.insert("by".to_owned(), Value::Array(listed));
    let name = context
        .names
        .type_name(rng, context.axes.style, |_| Vec::new());
    declare(&mut context.written, "queries", &name, made);
    context.queries.push(Query {
        name,
        aggregate: index,
        by,
    });
}

/// Descending for half of the names.
fn rng_sign(name: &str) -> bool {
    name.len().is_multiple_of(2)
}

/// Adds to commands what their decisions look at, once copies are known.
pub fn describe_needs(rng: &mut Rng, context: &mut Context) {
    for index in 0..context.commands.len() {
        let command = context.commands[index].clone();
        let mut needs = Table::new();
        let mut own = Vec::new();
        let mut taken = context.aggregates[command.aggregate].members.clone();
        let mut has_own = false;
        for key in own_inputs(context, &command.name) {
            has_own = true;
            taken.take(&key);
        }
        for _ in 0..rng.below(3) {
            if rng.chance(25)
                && let Some((name, of)) = referred(rng, context, &command)
            {
                needs.insert(name, of.into());
                continue;
            }
            let alone = needs.is_empty() && !has_own;
            let Some((of, key)) = need(rng, context, &command, alone) else {
                continue;
            };
            let name = taken.member(rng, context.axes.style);
            if let Some((home, aggregate)) = key {
                // The input of the need's own name tells which one.
                let mut reference = Table::new();
                reference.insert("ref".to_owned(), format!("{home}.{aggregate}").into());
                if rng.chance(30) {
                    reference.insert("optional".to_owned(), true.into());
                }
                own.push((name.clone(), reference));
            }
            needs.insert(name, of.into());
        }
        put_needs(context, &command.name, needs, own);
    }
}

/// What may be needed, and the aggregate whose id must be told for that.
fn need(
    rng: &mut Rng,
    context: &Context,
    command: &Command,
    alone: bool,
) -> Option<(String, Option<(String, String)>)> {
    match rng.below(3) {
        0 if !context.replicas.is_empty() => {
            let (name, of) = rng.pick(&context.replicas).clone();
            Some((name, Some(of)))
        }
        1 => {
            let name = rng.pick(&context.aggregates).name.clone();
            Some((name.clone(), Some((context.name.clone(), name))))
        }
        _ if command.change == Change::Creates => None,
        _ => {
            let aggregate = &context.aggregates[command.aggregate];
            let itself = |ty: &Ty| refers(ty, &context.name, &aggregate.name);
            let alone = alone && !aggregate.fields.iter().any(|field| itself(&field.ty));
            let told = |by: &String| match aggregate.field(by) {
                Some(field) => !field.optional,
                None => by == "id" && alone,
            };
            let fits =
                |query: &&Query| query.aggregate == command.aggregate && query.by.iter().all(told);
            let queries: Vec<_> = context.queries.iter().filter(fits).collect();
            let query = (!queries.is_empty()).then(|| rng.pick(&queries).name.clone());
            query.map(|name| (name, None))
        }
    }
}

/// A reference that the aggregate of a command has, and what may be needed by it.
fn referred(rng: &mut Rng, context: &Context, command: &Command) -> Option<(String, String)> {
    let aggregate = &context.aggregates[command.aggregate];
    let needed = aggregate.fields.iter().filter_map(|field| {
        let Ty::Reference(home, name) = &field.ty else {
            return None;
        };
        let mut copies = context.replicas.iter();
        let copy = copies.find(|(_, of)| of.0 == *home && of.1 == *name);
        let of = match *home == context.name {
            true => name,
            false => &copy?.0,
        };
        (!field.list).then(|| (field.name.clone(), of.clone()))
    });
    let needed: Vec<_> = needed.collect();
    let is_there = command.change != Change::Creates && !needed.is_empty();
    is_there.then(|| rng.pick(&needed).clone())
}

fn command_table<'c>(context: &'c mut Context, name: &str) -> Option<&'c mut Table> {
    context
        .written
        .get_mut("commands")?
        .get_mut(name)?
        .as_table_mut()
}

fn own_inputs(context: &mut Context, name: &str) -> Vec<String> {
    let own = command_table(context, name).and_then(|it| it.get("own")?.as_table().cloned());
    own.into_iter().flatten().map(|(key, _)| key).collect()
}

fn put_needs(context: &mut Context, name: &str, needs: Table, own: Vec<(String, Table)>) {
    let Some(made) = command_table(context, name).filter(|_| !needs.is_empty()) else {
        return;
    };
    made.insert("needs".to_owned(), needs.into());
    for (key, reference) in own {
        declare(made, "own", &key, reference);
    }
}

/// Whether the type is a reference to this aggregate.
pub fn refers(ty: &Ty, context: &str, aggregate: &str) -> bool {
    matches!(ty, Ty::Reference(home, name) if home == context && name == aggregate)
}
