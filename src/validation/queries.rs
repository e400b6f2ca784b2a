//! Queries.

use indexmap::IndexMap;

use super::checker::{Checker, Home};
use super::members::{self, Member};
use super::{names, paths, roles};
use crate::description::Keyed;
use crate::description::raw::{RawAggregate, RawQuery, Text};
use crate::diagnostics::Diagnostic;
use crate::model::{Aggregate, Ident, Query, QueryParameter, TypeName, routes};

/// The parameters of every list in HTTP.
const PAGING: [&str; 2] = ["limit", "after"];

/// The queries of a context.
pub(super) fn queries(cx: &Checker<'_>, home: &Home<'_>) -> IndexMap<TypeName, Query> {
    let mut queries = IndexMap::new();
    for (name, raw) in &home.raw.queries {
        if let Some(name) = names::type_name(cx, "query", name, raw.key)
            && let Some(query) = query(cx, home, name, raw)
        {
            queries.insert(query.name.clone(), query);
        }
    }
    queries
}

fn query(
    cx: &Checker<'_>,
    home: &Home<'_>,
    name: TypeName,
    keyed: &Keyed<RawQuery>,
) -> Option<Query> {
    let raw = &keyed.value;
    let about = names::about_in(cx, &raw.about, &home.raw.queries);
    let aggregates = &cx.context(home).aggregates;
    let aggregate = cx.find("aggregate", &raw.of, aggregates, &home.raw.aggregates)?;
    let written = &home.raw.aggregates.get(aggregate.name.as_str())?.value;
    let by = by(cx, aggregate, written, raw);
    let allow = raw.allow.as_ref().map(|list| {
        roles::need_subject(cx, list, aggregate);
        roles::roles(cx, list)
    });
    let path = raw.path.as_ref().and_then(|path| paths::plain(cx, path));
    if raw.by.is_empty() && raw.range.is_none() && raw.order_by.is_empty() {
        let message = format!("the query `{name}` asks nothing");
        let finding = Diagnostic::error("empty-query", message).at(keyed.key, "");
        cx.report(
            finding
                .note(format!(
                    "`GET /{}` lists every `{}` already",
                    aggregate.path, aggregate.name
                ))
                .help("give it `by`, `range` or `order_by`"),
        );
    }
    Some(Query {
        unique: covers_unique(aggregate, &by),
        range: range(cx, aggregate, written, raw),
        order_by: order_by(cx, aggregate, written, raw),
        path: path.unwrap_or_else(|| routes::query_path(aggregate, name.as_str())),
        doc: about.doc,
        aggregate: aggregate.name.clone(),
        by,
        allow,
        name,
    })
}

fn by(
    cx: &Checker<'_>,
    aggregate: &Aggregate,
    written: &RawAggregate,
    raw: &RawQuery,
) -> Vec<QueryParameter> {
    let mut by = Vec::new();
    for name in names::distinct(cx, "member", &raw.by) {
        let Some(member) = members::resolve(cx, aggregate, written, name) else {
            continue;
        };
        if !member.is_comparable() {
            let help = "ask by fields of a simple type, enums, references, `id` or `status`";
            unsuitable(cx, name, member, "a query cannot be asked by", help);
        }
        if PAGING.contains(&name.value.as_str()) {
            let message = format!("a query cannot be asked by `{}`", name.value);
            let finding = Diagnostic::error("reserved-name", message).at(name.span, "");
            let finding = finding.note("the parameter of that name says which page is asked for");
            cx.report(finding.help("rename the field"));
        }
        by.extend(Ident::new(&name.value).map(|member| QueryParameter { member }));
    }
    by
}

fn range(
    cx: &Checker<'_>,
    aggregate: &Aggregate,
    written: &RawAggregate,
    raw: &RawQuery,
) -> Option<Ident> {
    let name = raw.range.as_ref()?;
    let member = members::resolve(cx, aggregate, written, name)?;
    if !member.is_ordered() {
        let help = "use a number, a text, a date or a time";
        unsuitable(cx, name, member, "there is no range of", help);
    }
    if let Some(equal) = raw.by.iter().find(|by| by.value == name.value) {
        let message = format!("`{}` is asked both as equal and as a range", name.value);
        let finding = Diagnostic::error("conflicting-keys", message).at(name.span, "a range");
        cx.report(finding.at(equal.span, "equal").help("remove one of them"));
    }
    for end in ["from", "to"] {
        let parameter = format!("{}_{end}", name.value);
        if let Some(same) = raw.by.iter().find(|by| by.value == parameter) {
            let message = format!(
                "the range of `{}` is asked by `{parameter}` too",
                name.value
            );
            let finding = Diagnostic::error("name-collision", message).at(name.span, "");
            cx.report(
                finding
                    .at(same.span, "the other one")
                    .help("rename one of the fields"),
            );
        }
    }
    Ident::new(&name.value)
}

fn order_by(
    cx: &Checker<'_>,
    aggregate: &Aggregate,
    written: &RawAggregate,
    raw: &RawQuery,
) -> Vec<(Ident, bool)> {
    let mut order = Vec::new();
    for name in names::distinct(cx, "member", raw.order_by.iter().map(|order| &order.name)) {
        let Some(member) = members::resolve(cx, aggregate, written, name) else {
            continue;
        };
        if !member.is_ordered() && !matches!(member, Member::Id) {
            let help = "order by numbers, texts, dates, times or `id`";
            unsuitable(cx, name, member, "there is no order of", help);
        }
        let descending = raw
            .order_by
            .iter()
            .any(|it| it.name.span == name.span && it.descending);
        order.extend(Ident::new(&name.value).map(|member| (member, descending)));
    }
    order
}

fn unsuitable(cx: &Checker<'_>, name: &Text, member: Member<'_>, problem: &str, help: &str) {
    let message = format!("{problem} `{}`: it is {}", name.value, member.words());
    cx.report(
        Diagnostic::error("query-member", message)
            .at(name.span, "")
            .help(help),
    );
}

/// Whether at most one aggregate can have these values.
fn covers_unique(aggregate: &Aggregate, by: &[QueryParameter]) -> bool {
    let asks = |name: &str| by.iter().any(|parameter| parameter.member.as_str() == name);
    let unique = |field: &crate::model::Field| field.unique && asks(field.name.as_str());
    asks("id")
        || aggregate.fields.values().any(unique)
        || aggregate
            .unique
            .iter()
            .any(|key| key.iter().all(|field| asks(field.as_str())))
}
