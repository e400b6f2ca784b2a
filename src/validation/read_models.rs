//! Read models: joins that events keep.

use indexmap::IndexMap;

use super::checker::{Checker, Home};
use super::columns::{Shown, columns};
use super::members::Member;
use super::{names, paths, replicas, roles};
use crate::description::Keyed;
use crate::description::raw::{RawMeasure, RawReadModel, Text};
use crate::diagnostics::{Diagnostic, Span};
use crate::model::{Scalar, Type, derived, routes};

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
    replicas::is_announced(cx, context, aggregate, raw.of.span);
    let columns = columns(cx, raw, (context, aggregate));
    asked(cx, raw, &columns);
    measures(cx, raw, &columns);
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
        cx.report(finding.help(match what {
            "sum" => "sum numbers or durations",
            "sort by" => "use numbers, texts, dates or times, or remove it here",
            _ => "use a column of a simple type, an enum or a reference, or remove it here",
        }));
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
