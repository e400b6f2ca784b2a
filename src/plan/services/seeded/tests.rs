//! The tests that users' files start with: what the seeded bodies do, as given, when and then.

use serde::Serialize;

use super::Source;
use super::left::Task;
use super::patch_tests::Patched;
use crate::model::{Aggregate, Change, Command, derived};
use crate::plan::rust::expr::text;
use crate::plan::rust::{Expr, Imports, Module, names};
use crate::plan::services::examples::Example;
use crate::plan::view::Name;

/// What tests import and bind, so that no function of theirs may be called so.
const TAKEN: [&str; 13] = [
    "asked",
    "context",
    "date",
    "decimal",
    "expected",
    "given",
    "given_nothing",
    "id",
    "known",
    "recorded",
    "stale",
    "target",
    "timestamp",
];

/// A value that a test takes, by a variable where it is long: the component `tests.bound`.
#[derive(Debug, Serialize)]
pub(super) struct Bound {
    /// The variable; `None` where the value is short.
    name: Option<&'static str>,
    value: Expr,
}

impl Bound {
    /// The value, with this name for the variable.
    pub fn new(name: &'static str, value: Expr) -> Self {
        Self {
            name: value.is_composed().then_some(name),
            value,
        }
    }
}

/// The tests of an aggregate's decisions.
#[derive(Debug, Serialize)]
pub(super) struct DomainTests {
    /// The aggregate that they start from; `None` where all create one.
    state: Option<Expr>,
    tests: Vec<CommandTest>,
    /// Whether they use something that their parent imports.
    uses_parent: bool,
    imports: Imports,
}

/// A test of a command.
#[derive(Debug, Serialize)]
pub(super) struct CommandTest {
    pub name: Name,
    /// What is left to do in the decision that it is about.
    pub left: Vec<Task>,
    /// Whether it starts from nothing.
    pub creates: bool,
    /// The status to start from, where it is not the first one.
    pub status: Option<Expr>,
    pub command: Bound,
    /// What it needs besides; `None` without that.
    pub needs: Option<Bound>,
    /// What it emits.
    pub events: Bound,
    /// What it keeps or clears, where the test is about that.
    pub patch: Option<Patched>,
}

impl DomainTests {
    /// The tests of an aggregate's decisions, in a module that imports what its parent does.
    pub fn of(parent: &Source<'_, '_>, aggregate: &Aggregate) -> Self {
        let source = Source::new(parent.service);
        let commands = source.service.commands_of(aggregate);
        let starts_from = |creates: bool| {
            let mut commands = commands.clone();
            commands.any(|it| (it.change == Change::Creates) == creates)
        };
        let has_state = starts_from(false);
        for (name, is_used) in [("given", has_state), ("given_nothing", starts_from(true))] {
            if is_used {
                source.imports.take(Module::Testing, name);
            }
        }
        let tests = commands.flat_map(|command| {
            let example = source.service.full_example(aggregate, command);
            let test = source.command_test(aggregate, command, &example);
            [test]
                .into_iter()
                .chain(source.patch_tests(aggregate, command))
        });
        let tests = tests.collect();
        let state = has_state.then(|| source.example(&aggregate.name));
        Self {
            state,
            tests,
            uses_parent: source.imports.shares(&parent.imports),
            imports: source.imports.without(&parent.imports),
        }
    }
}

impl Source<'_, '_> {
    /// A test of what a command makes of an example.
    pub(super) fn command_test(
        &self,
        aggregate: &Aggregate,
        command: &Command,
        example: &Example,
    ) -> CommandTest {
        let needs = (!command.needs.is_empty()).then(|| self.needs(command));
        let several = command.emits.len() > 1;
        let emitted = self.emitted_value(aggregate, command, example);
        CommandTest {
            name: function_name(&command.name).into(),
            left: self.service.left_to_decide(command),
            creates: command.change == Change::Creates,
            status: self.other_status(aggregate, command),
            command: Bound::new("command", self.command(aggregate, command, &example.input)),
            needs: needs.map(|needs| Bound::new("needs", needs)),
            events: Bound::new(if several { "events" } else { "event" }, emitted),
            patch: None,
        }
    }

    /// The status to start from, where the initial one is none the command is allowed in.
    fn other_status(&self, aggregate: &Aggregate, command: &Command) -> Option<Expr> {
        let from = &command.transition.as_ref()?.from;
        let initial = aggregate.states.first()?;
        let other = from.first().filter(|_| !from.contains(&initial.name))?;
        let ty = self.types().own(&derived::status(&aggregate.name));
        Some(text(format!("{ty}::{}", names::variant_ident(other))))
    }
}

/// The name of a test; one that is taken gets an underscore.
pub(super) fn function_name(of: &str) -> String {
    let name = names::method_ident(of);
    match TAKEN.contains(&name.as_str()) {
        true => format!("{name}_"),
        false => name,
    }
}
