//! Read models: joins that events keep.

use indexmap::IndexMap;

use super::checker::{Checker, Home};
use super::members::{self, Member};
use super::publishing::{self, Reader};
use super::{names, paths, replicas, roles};
use crate::description::Keyed;
use crate::description::raw::{RawColumn, RawMeasure, RawReadModel, Text};
use crate::diagnostics::{Diagnostic, Span};
use crate::model::{Aggregate, Context, Field, Ident, Reference, Scalar, Type, derived, routes};

/// What a column shows: a member at the end of its path.
type Shown<'s> = (&'s Aggregate, Member<'s>);

/// The code of a column that no event keeps up to date.
const UNTOLD: &str = "column-without-event";

/// Checks the read models of a context.
pub(super) fn read_models(cx: &Checker<'_>, home: &Home<'_>) {
    let mut routes: Vec<(String, Span)> = Vec::new();
    for (name, keyed) in &home.raw.read_models {
        cx.later(keyed.key, format!("the read model `{name}` is"));
        names::type_name(cx, "read model", name, keyed.key);
        names::about_in(cx, &keyed.value.about, &home.raw.read_models);
        let what = format!("the read model `{name}`");
        replicas::stale_after(cx, &what, keyed.key, &keyed.value.stale_after);
        read_model(cx, home, name, keyed);
        route(cx, home, name, keyed, &mut routes);
    }
}

fn read_model(cx: &Checker<'_>, home: &Home<'_>, name: &str, keyed: &Keyed<RawReadModel>) {
    let raw = &keyed.value;
    if raw.columns.is_empty() && raw.columns.broken.is_empty() {
        let finding = Diagnostic::error("empty-read-model", format!("`{name}` has no columns"));
        let help = "name what it shows: `columns.amount = \"amount\"`";
        cx.report(finding.at(keyed.key, "").help(help));
    }
    let found = cx.find_at("aggregate", &raw.of.value, home, |context, raw| {
        (&context.aggregates, &raw.aggregates)
    });
    if let Some(list) = &raw.allow {
        roles::roles(cx, list);
        if let Some((_, aggregate)) = found {
            roles::need_subject(cx, list, aggregate);
        }
    }
    let Some((context, aggregate)) = found else {
        return;
    };
    replicas::told(cx, context, aggregate, raw.of.span);
    let columns = columns(cx, raw, (context, aggregate));
    asked(cx, raw, &columns);
    measures(cx, raw, &columns);
}

/// The columns by name; those that lead nowhere are known, but not what they show.
fn columns<'s>(
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
        told(cx, context, aggregate, hop);
        (context, aggregate) = target;
    }
    let member = resolve(cx, context, aggregate, last)?;
    let problem = match member {
        Member::Field(field) if field.hidden => "hidden: no answer shows it",
        Member::Field(_) | Member::Status => {
            told(cx, context, aggregate, last);
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
fn told(cx: &Checker<'_>, context: &Context, aggregate: &Aggregate, name: &Text) {
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

/// Checks what the rows are filtered, sorted and grouped by.
fn asked(cx: &Checker<'_>, raw: &RawReadModel, columns: &IndexMap<String, Option<Shown<'_>>>) {
    let grouped = !raw.measures.is_empty();
    let sortable = |name: &Text| !grouped || raw.group_by.iter().any(|by| by.value == name.value);
    for name in names::distinct(cx, "column", &raw.filter) {
        one(cx, name, columns, "filter by", is_comparable);
    }
    for name in names::distinct(cx, "column", &raw.sort) {
        if grouped && raw.measures.declares(&name.value) {
            continue;
        }
        one(cx, name, columns, "sort by", is_ordered);
        if columns.contains_key(&name.value) && !sortable(name) {
            let message = format!("`{}` differs within a group", name.value);
            let finding = Diagnostic::error("column", message).at(name.span, "");
            cx.report(finding.help("sort by a measure or a column of `group_by`"));
        }
    }
    for name in names::distinct(cx, "column", &raw.group_by) {
        one(cx, name, columns, "group by", is_comparable);
    }
    if let Some(first) = raw.group_by.first()
        && !grouped
        && raw.measures.broken.is_empty()
    {
        let finding = Diagnostic::error("conflicting-keys", "there is nothing to count in a group");
        let help = "add a measure, `measures.count = \"count\"`, or remove `group_by`";
        cx.report(finding.at(first.span, "").help(help));
    }
}

fn one(
    cx: &Checker<'_>,
    name: &Text,
    columns: &IndexMap<String, Option<Shown<'_>>>,
    what: &str,
    suits: fn(Member<'_>) -> bool,
) {
    let Some(shown) = columns.get(&name.value) else {
        cx.unknown("column", name, columns.keys().map(String::as_str));
        return;
    };
    if let Some((_, member)) = shown
        && !suits(*member)
    {
        let message = format!("cannot {what} `{}`: it is {}", name.value, member.words());
        let finding = Diagnostic::error("column", message).at(name.span, "");
        cx.report(finding.help("use a column of a simple type, or remove it here"));
    }
}

fn is_comparable(member: Member<'_>) -> bool {
    member.is_comparable()
}

fn is_ordered(member: Member<'_>) -> bool {
    member.is_ordered()
}

fn measures(cx: &Checker<'_>, raw: &RawReadModel, columns: &IndexMap<String, Option<Shown<'_>>>) {
    for (name, keyed) in &raw.measures {
        names::ident(cx, "measure", name, keyed.key);
        if let Some(column) = raw.columns.get(name) {
            let message = format!("the measure `{name}` is called as a column");
            let finding = Diagnostic::error("name-collision", message).at(keyed.key, "");
            cx.report(
                finding
                    .at(column.key, "the column")
                    .help("rename one of them"),
            );
        }
        if let RawMeasure::Sum(of) = &keyed.value {
            one(cx, of, columns, "sum", is_summable);
        }
    }
}

fn is_summable(member: Member<'_>) -> bool {
    let Member::Field(field) = member else {
        return false;
    };
    let number = matches!(
        field.ty,
        Type::Scalar(Scalar::Int | Scalar::Float | Scalar::Decimal(_) | Scalar::Duration)
    );
    number && !field.list
}

/// Checks that the read model's path is no other one's.
fn route(
    cx: &Checker<'_>,
    home: &Home<'_>,
    name: &str,
    keyed: &Keyed<RawReadModel>,
    seen: &mut Vec<(String, Span)>,
) {
    let given = keyed.value.path.as_ref();
    let span = given.map_or(keyed.key, |path| path.span);
    let path = match given {
        Some(path) => paths::plain(cx, path),
        None => Some(derived::segment(name)),
    };
    let Some(path) = path.map(|path| format!("/{path}")) else {
        return;
    };
    let rival = seen
        .iter()
        .find(|(other, _)| *other == path)
        .map(|(_, span)| *span);
    let taken = routes::routes(cx.context(home))
        .into_iter()
        .any(|route| route.method == routes::Method::Get && paths::pattern(&route.path) == path);
    if paths::is_reserved(&path) || taken || rival.is_some() {
        let message = format!("the path `{path}` of the read model `{name}` is taken");
        let finding = Diagnostic::error("path-collision", message).at(span, "");
        let finding = rival
            .into_iter()
            .fold(finding, |finding, at| finding.at(at, "by this one"));
        cx.report(finding.help("give it another one: `path = \"…\"`"));
    }
    seen.push((path, span));
}
