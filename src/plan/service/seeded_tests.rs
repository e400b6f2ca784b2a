//! The tests that users' files start with: what the seeded bodies do, as given, when and then.

use serde::Serialize;

use super::examples::Example;
use super::seeded_patch_tests::Patched;
use super::{Service, variable};
use crate::model::{Aggregate, Change, Command};
use crate::plan::expr::Expr;
use crate::plan::names;
use crate::plan::uses::Uses;
use crate::plan::view::{self, Imports, Literal, Name, TypeRef};

/// What tests import and bind, so that no function of theirs may be called so.
const TAKEN: [&str; 13] = [
    "asked",
    "context",
    "data",
    "date",
    "decimal",
    "expected",
    "given",
    "given_nothing",
    "id",
    "known",
    "recorded",
    "target",
    "timestamp",
];

/// The function of a test module that gives an aggregate to start from: the component `tests.state`.
#[derive(Debug, Serialize)]
pub(super) struct StateView {
    /// What it is called.
    name: Name,
    /// The type of what it gives.
    #[serde(rename = "type")]
    ty: TypeRef,
    /// What it gives.
    value: view::Expr,
}

/// A value that a test takes, by a variable where it is long: the component `tests.bound`.
#[derive(Debug, Serialize)]
pub(super) struct Bound {
    /// The variable; `None` where the value is short.
    name: Option<&'static str>,
    value: view::Expr,
}

impl Bound {
    /// The value, with this name for the variable.
    pub fn new(name: &'static str, value: Expr) -> Self {
        let short = match &value {
            Expr::Text(_) => true,
            Expr::Struct(_, fields) => fields.is_empty(),
            _ => false,
        };
        Self {
            name: (!short).then_some(name),
            value: value.into(),
        }
    }
}

/// The tests of an aggregate's decisions.
#[derive(Debug, Serialize)]
pub(super) struct DomainTests {
    /// The aggregate that they start from; `None` where all create one.
    state: Option<StateView>,
    /// Whether some start from nothing.
    creates: bool,
    tests: Vec<CommandTest>,
    imports: Imports,
}

/// A test of a command.
#[derive(Debug, Serialize)]
pub(super) struct CommandTest {
    pub name: Name,
    /// Whether it starts from nothing.
    pub creates: bool,
    /// The status to start from, where it is not the first one.
    pub status: Option<Literal>,
    pub command: Bound,
    /// What it needs besides; `None` without that.
    pub needs: Option<Bound>,
    /// What it emits.
    pub events: Bound,
    /// What it keeps or clears, where the test is about that.
    pub patch: Option<Patched>,
}

impl Service<'_> {
    /// The tests of an aggregate's decisions, in a file that imports what its parent does.
    pub(super) fn domain_tests(&self, parent: &Uses, aggregate: &Aggregate) -> DomainTests {
        let mut uses = Uses::default();
        let commands: Vec<&Command> = self.commands_of(aggregate).collect();
        let creating = commands.iter().filter(|it| it.change == Change::Creates);
        let creating = creating.count();
        let state = (creating < commands.len()).then(|| self.state_view(&mut uses, aggregate));
        let mut tests = Vec::new();
        for command in commands {
            let example = self.full_example(aggregate, command);
            tests.push(self.command_test(&mut uses, (aggregate, command), &example));
            tests.extend(self.patch_tests(&mut uses, aggregate, command));
        }
        DomainTests {
            state,
            creates: creating > 0,
            tests,
            imports: Imports::from(&uses.without(parent)),
        }
    }

    /// A test of what a command makes of an example.
    pub(super) fn command_test(
        &self,
        uses: &mut Uses,
        (aggregate, command): (&Aggregate, &Command),
        example: &Example,
    ) -> CommandTest {
        let asked = self.command_value(uses, aggregate, command, &example.input);
        let needs = (!command.needs.is_empty()).then(|| self.needs_value(uses, command));
        let emitted = self.expected_value(uses, aggregate, command, example);
        let several = command.emits.len() > 1;
        CommandTest {
            name: function_name(command.name.as_str()).into(),
            creates: command.change == Change::Creates,
            status: other_status(aggregate, command).map(Literal::text),
            command: Bound::new("command", asked),
            needs: needs.map(|needs| Bound::new("needs", needs)),
            events: Bound::new(if several { "events" } else { "event" }, emitted),
            patch: None,
        }
    }

    /// The aggregate that tests start from.
    pub(super) fn state_view(&self, uses: &mut Uses, aggregate: &Aggregate) -> StateView {
        let (ty, value) = self.state_value(uses, aggregate);
        StateView {
            name: state_name(aggregate).into(),
            ty: ty.into(),
            value: value.into(),
        }
    }
}

/// The name of the function that gives an aggregate.
pub(super) fn state_name(aggregate: &Aggregate) -> String {
    free(variable(aggregate.name.as_str()))
}

/// The name of a function in a test module.
pub(super) fn function_name(of: &str) -> String {
    free(names::method_ident(of))
}

/// The name itself, unless something else is called so.
fn free(name: String) -> String {
    match TAKEN.contains(&name.as_str()) {
        true => format!("{name}_"),
        false => name,
    }
}

/// The status to start from, where the initial one is none the command is allowed in.
fn other_status<'b>(aggregate: &Aggregate, command: &'b Command) -> Option<&'b str> {
    let from = &command.transition.as_ref()?.from;
    let initial = aggregate.states.first()?;
    match from.contains(&initial.name) {
        true => None,
        false => from.first().map(|status| status.as_str()),
    }
}
