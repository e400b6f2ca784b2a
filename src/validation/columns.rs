//! Columns of read models: where their paths lead, and that events tell of what is there.

use indexmap::IndexMap;

use super::checker::Checker;
use super::members::{self, Member};
use super::names;
use super::publishing::{self, Reader};
use crate::description::raw::{RawColumn, RawReadModel, Text};
use crate::diagnostics::Diagnostic;
use crate::model::{Aggregate, Context, Field, Ident, Reference, Type, derived};

/// What a column shows: a member at the end of its path.
pub(super) type Shown<'s> = (&'s Aggregate, Member<'s>);

/// The code of a column that no event keeps up to date.
const UNTOLD: &str = "column-without-event";

/// The columns by name; those that lead nowhere are known, but not what they show.
pub(super) fn columns<'s>(
    cx: &'s Checker<'_>,
    raw: &RawReadModel,
    of: (&'s Context, &'s Aggregate),
) -> IndexMap<String, Option<Shown<'s>>> {
    let mut columns = IndexMap::new();
    for (name, keyed) in &raw.columns {
        names::ident(cx, "column", name, keyed.key);
        names::about_in(cx, &keyed.value.about, &raw.columns);
        let key = derived::collision_key(name);
        let same = |other: &&String| derived::collision_key(other) == key;
        if let Some(other) = columns.keys().find(same) {
            let message = format!("the columns `{other}` and `{name}` are one name in code");
            let finding = Diagnostic::error("name-collision", message).at(keyed.key, "");
            cx.report(finding.help("rename one of them"));
        }
        if name == "id" {
            let message = format!("every row has the id of its `{}`", of.1.name);
            let finding = Diagnostic::error("built-in-name", message).at(keyed.key, "");
            cx.report(finding.help("remove it, or rename it when it means something else"));
        }
        columns.insert(name.clone(), column(cx, &keyed.value, of));
    }
    for name in raw.columns.broken.keys() {
        columns.insert(name.clone(), None);
    }
    columns
}

/// Follows the path of a column over references.
fn column<'s>(
    cx: &'s Checker<'_>,
    raw: &RawColumn,
    (mut context, mut aggregate): (&'s Context, &'s Aggregate),
) -> Option<Shown<'s>> {
    let (last, hops) = raw.of.value.split_last()?;
    for hop in hops {
        let member = resolve(cx, context, aggregate, hop)?;
        let target = refers(cx, context, hop, member)?;
        check_published(cx, context, aggregate, hop);
        (context, aggregate) = target;
    }
    let member = resolve(cx, context, aggregate, last)?;
    let problem = match member {
        Member::Field(field) if field.hidden => "hidden: no answer shows it",
        Member::Field(_) | Member::Status => {
            check_published(cx, context, aggregate, last);
            return Some((aggregate, member));
        }
        // Every event carries the id.
        Member::Id => return Some((aggregate, member)),
        Member::Collection(_) => "a list of entities: a column is one value",
        Member::Version | Member::Instant => "kept by the tool, and no event carries it",
    };
    let message = format!("`{}` cannot be a column: it is {problem}", last.value);
    let finding = Diagnostic::error("column", message).at(last.span, "");
    cx.report(finding.help("show a field, the status or the id"));
    None
}

fn resolve<'s>(
    cx: &'s Checker<'_>,
    context: &'s Context,
    aggregate: &'s Aggregate,
    name: &Text,
) -> Option<Member<'s>> {
    let raw = cx.raw_context(context.name.as_str())?;
    let raw = &raw.aggregates.get(aggregate.name.as_str())?.value;
    members::resolve(cx, aggregate, raw, name)
}

/// The aggregate a member refers to.
fn refers<'s>(
    cx: &'s Checker<'_>,
    context: &'s Context,
    hop: &Text,
    member: Member<'_>,
) -> Option<(&'s Context, &'s Aggregate)> {
    let refuse = |message: String, help: &str| {
        let finding = Diagnostic::error("column", message).at(hop.span, "");
        cx.report(finding.help(help));
        None
    };
    let reference = match member {
        Member::Field(field) if field.list => {
            let message = format!("the path goes through `{}`, which is a list", hop.value);
            return refuse(message, "go over a reference to one aggregate");
        }
        Member::Field(Field {
            ty: Type::Reference(reference),
            ..
        }) => reference,
        Member::Field(Field {
            ty: Type::Value(_), ..
        }) => {
            let message = format!("`{}` is a value object, not a reference", hop.value);
            return refuse(message, "a value object is one column: end the path at it");
        }
        _ => {
            let message = format!(
                "`{}` refers to nothing: it is {}",
                hop.value,
                member.words()
            );
            return refuse(message, "end the path at it, or go over a reference");
        }
    };
    match reference {
        Reference::Local(name) => Some((context, context.aggregates.get(name)?)),
        Reference::Foreign(context, name) => {
            let context = cx.system.contexts.get(context)?;
            Some((context, context.aggregates.get(name)?))
        }
        Reference::Entity { .. } => {
            let message = format!("`{}` refers to an entity", hop.value);
            refuse(message, "go over a reference to an aggregate")
        }
    }
}

/// Checks that events tell of every change of the member.
fn check_published(cx: &Checker<'_>, context: &Context, aggregate: &Aggregate, name: &Text) {
    let Some(field) = Ident::new(&name.value) else {
        return;
    };
    let reader = Reader {
        context,
        aggregate: &aggregate.name,
        field: &field,
        span: Some(name.span),
        what: "shown",
        code: UNTOLD,
    };
    publishing::check(cx, &reader);
}
