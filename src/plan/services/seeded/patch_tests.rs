//! The tests that show what an update keeps and what it clears.

use serde::Serialize;
use serde_json::Value;

use super::Source;
use super::tests::{CommandTest, function_name};
use crate::model::{Aggregate, Command};
use crate::plan::rust::{Expr, Spelling};
use crate::plan::view::Name;

/// What an update keeps or clears in a test of that.
#[derive(Debug, Serialize)]
pub(super) struct Patched {
    /// What the aggregate has before.
    before: Vec<MemberValue>,
    /// What it has after.
    after: Vec<MemberValue>,
}

/// A member of an aggregate with its value.
#[derive(Debug, Serialize)]
struct MemberValue {
    member: Name,
    value: Expr,
}

impl Source<'_, '_> {
    /// A test that keeps and one that clears, for a command that can do both.
    pub(super) fn patch_tests(&self, aggregate: &Aggregate, command: &Command) -> Vec<CommandTest> {
        if command.clearable(aggregate).next().is_none() {
            return Vec::new();
        }
        [false, true]
            .map(|clears| self.patch_test(aggregate, command, clears))
            .into()
    }

    fn patch_test(&self, aggregate: &Aggregate, command: &Command, clears: bool) -> CommandTest {
        let example = self.service.patch_example(aggregate, command, clears);
        let name = function_name(&command.name);
        let values = self.values(Spelling::ForTests);
        let before = command.clearable(aggregate).filter_map(|field| {
            let value = example.state.get(field.name.as_str())?;
            Some(MemberValue {
                member: Name::of_member(&field.name),
                value: values.field(field, value),
            })
        });
        let after = command.clearable(aggregate).map(|field| {
            let kept = example.state.get(field.name.as_str()).filter(|_| !clears);
            MemberValue {
                member: Name::of_member(&field.name),
                value: values.field(field, kept.unwrap_or(&Value::Null)),
            }
        });
        CommandTest {
            // What tells the name from a taken one is of no use with a word behind it.
            name: format!(
                "{}_{}",
                name.trim_end_matches('_'),
                if clears { "clears" } else { "keeps" }
            )
            .into(),
            patch: Some(Patched {
                before: before.collect(),
                after: after.collect(),
            }),
            ..self.command_test(aggregate, command, &example)
        }
    }
}
