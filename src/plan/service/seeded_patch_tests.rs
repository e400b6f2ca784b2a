//! The tests that show what an update keeps and what it clears.

use serde::Serialize;
use serde_json::Value;

use super::Service;
use super::examples::Members;
use super::seeded_tests::{CommandTest, function_name};
use crate::model::{Aggregate, Change, Command, Field};
use crate::plan::expr::{self, call, text};
use crate::plan::names;
use crate::plan::uses::Uses;
use crate::plan::view::Expr;

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
    /// What leads to it: `.notes`, `["notes"]`.
    member: Expr,
    value: Expr,
}

impl MemberValue {
    fn new(member: String, value: expr::Expr) -> Self {
        Self {
            member: member.into(),
            value: value.into(),
        }
    }
}

impl Service<'_> {
    /// A test that keeps and one that clears, for a command that can do both.
    pub(super) fn patch_tests(
        &self,
        uses: &mut Uses,
        aggregate: &Aggregate,
        command: &Command,
    ) -> Vec<CommandTest> {
        if command.clearable(aggregate).next().is_none() {
            return Vec::new();
        }
        let mut test = |clears| self.patch_test(uses, aggregate, command, clears);
        vec![test(false), test(true)]
    }

    fn patch_test(
        &self,
        uses: &mut Uses,
        aggregate: &Aggregate,
        command: &Command,
        clears: bool,
    ) -> CommandTest {
        let example = self.patch_example(aggregate, command, clears);
        let test = self.command_test(uses, (aggregate, command), &example);
        let name = function_name(command.name.as_str());
        let before = command
            .clearable(aggregate)
            .filter_map(|field| self.had(uses, aggregate, field, &example.state));
        let before = before.collect();
        let values = self.test_values(self.types());
        let after = command.clearable(aggregate).map(|field| {
            let kept = example.state.get(field.name.as_str()).filter(|_| !clears);
            let value = values.field(uses, field, kept.unwrap_or(&Value::Null));
            MemberValue::new(member(field), value)
        });
        CommandTest {
            name: format!("{name}_{}", if clears { "clears" } else { "keeps" }).into(),
            patch: Some(Patched {
                before,
                after: after.collect(),
            }),
            ..test
        }
    }

    /// What the aggregate of a test has that a command may clear.
    fn had(
        &self,
        uses: &mut Uses,
        aggregate: &Aggregate,
        field: &Field,
        state: &Members,
    ) -> Option<MemberValue> {
        let name = field.name.as_str();
        let value = state.get(name)?;
        let mut made = self.commands_of(aggregate);
        if made.any(|command| command.change == Change::Creates) {
            let value = self.test_values(self.types()).field(uses, field, value);
            return Some(MemberValue::new(member(field), value));
        }
        let mut members = Members::from_iter([(name.to_owned(), value.clone())]);
        self.put_test_ids(&aggregate.fields, &mut members);
        let json = names::literal(&members.get(name)?.to_string());
        let value = call("platform_contract::value::json", vec![text(json)]);
        Some(MemberValue::new(
            format!("[{}]", names::literal(name)),
            value,
        ))
    }
}

fn member(field: &Field) -> String {
    format!(".{}", names::member_ident(field.name.as_str()))
}
