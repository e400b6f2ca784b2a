//! Replicas.

use indexmap::IndexMap;

use super::checker::{Checker, Home};
use super::members::{self, Member};
use super::names;
use super::publishing::{self, Reader};
use crate::description::Keyed;
use crate::description::raw::RawReplica;
use crate::diagnostics::{Diagnostic, Span};
use crate::model::{Aggregate, Change, Context, Ident, Replica, ReplicaField, TypeName};

/// The replicas of a context. Whether their fields are published is settled with the commands.
pub(super) fn replicas(cx: &Checker<'_>, home: &Home<'_>) -> IndexMap<TypeName, Replica> {
    let mut replicas = IndexMap::new();
    for (name, raw) in &home.raw.replicas {
        if let Some(name) = names::type_name(cx, "replica", name, raw.key)
            && let Some(replica) = replica(cx, home, name, raw)
        {
            replicas.insert(replica.name.clone(), replica);
        }
    }
    replicas
}

fn replica(
    cx: &Checker<'_>,
    home: &Home<'_>,
    name: TypeName,
    keyed: &Keyed<RawReplica>,
) -> Option<Replica> {
    let raw = &keyed.value;
    let about = names::about_in(cx, &raw.about, &home.raw.replicas);
    let stale_after = stale_after(
        cx,
        &format!("the replica `{name}`"),
        keyed.key,
        &raw.stale_after,
    );
    let path = &raw.of.value;
    let (context, source) = cx.find_at("aggregate", path, home, |context, raw| {
        (&context.aggregates, &raw.aggregates)
    })?;
    if context.name == home.name {
        let message = format!("`{}` is this context's own: it needs no copy", source.name);
        let finding = Diagnostic::error("replica-of-own", message).at(raw.of.span, "");
        cx.report(finding.help(format!(
            "look at it directly: `needs.… = \"{}\"`",
            source.name
        )));
        return None;
    }
    if raw.fields.is_empty() {
        let message = format!("the replica `{name}` copies no field");
        let finding = Diagnostic::error("empty-replica", message).at(keyed.key, "");
        cx.report(finding.help("name what is needed here: `fields = [\"…\"]`"));
    }
    let fields = fields(cx, context, source, raw);
    Some(Replica {
        name,
        doc: about.doc,
        renamed_from: about.renamed_from,
        context: context.name.clone(),
        aggregate: source.name.clone(),
        fields,
        // Without it nothing is valid; what else is wrong is to be found all the same.
        stale_after_ms: stale_after.unwrap_or_default(),
    })
}

/// How old a copy may be: whoever copies must have thought of it.
pub(super) fn stale_after(
    cx: &Checker<'_>,
    what: &str,
    key: Span,
    raw: &Option<crate::description::Spanned<crate::description::raw::RawDuration>>,
) -> Option<u64> {
    match raw {
        Some(written) if written.value.millis > 0 => Some(written.value.millis),
        Some(written) => {
            let message = format!("{what} would always be stale");
            let finding = Diagnostic::error("staleness-undeclared", message).at(written.span, "");
            cx.report(finding.help("say how old it may be: `stale_after = \"5s\"`"));
            None
        }
        None => {
            let message = format!("{what} does not say how old it may be");
            let finding = Diagnostic::error("staleness-undeclared", message).at(key, "");
            cx.report(
                finding
                    .note("a copy is always a little old; there is no default, since only you know what that means")
                    .help("add `stale_after = \"5s\"`"),
            );
            None
        }
    }
}

fn fields(
    cx: &Checker<'_>,
    context: &Context,
    source: &Aggregate,
    raw: &RawReplica,
) -> Vec<ReplicaField> {
    let mut fields = Vec::new();
    let Some(written) = cx.raw_context(context.name.as_str()) else {
        return fields;
    };
    let Some(written) = written.aggregates.get(source.name.as_str()) else {
        return fields;
    };
    for name in names::distinct(cx, "field", &raw.fields) {
        let Some(member) = members::resolve(cx, source, &written.value, name) else {
            continue;
        };
        if !matches!(member, Member::Field(_) | Member::Status) {
            let message = format!(
                "`{}` cannot be copied: it is {}",
                name.value,
                member.words()
            );
            let finding = Diagnostic::error("replica-member", message).at(name.span, "");
            cx.report(finding.note("a replica copies fields and `status`; it has the id anyway"));
            continue;
        }
        fields.extend(Ident::new(&name.value).map(|name| ReplicaField {
            name,
            may_be_unknown: false,
        }));
    }
    fields
}

/// Checks that what the replicas copy is published, and tells what a copy may lack.
pub(super) fn published(cx: &Checker<'_>, home: &Home<'_>, replica: &Replica) -> Vec<ReplicaField> {
    let mut fields = replica.fields.clone();
    let Some(raw) = home.raw.replicas.get(replica.name.as_str()) else {
        return fields;
    };
    let Some(context) = cx.system.contexts.get(&replica.context) else {
        return fields;
    };
    let Some(source) = context.aggregates.get(&replica.aggregate) else {
        return fields;
    };
    if !is_announced(cx, context, source, raw.value.of.span) {
        return fields;
    }
    for field in &mut fields {
        let reader = Reader {
            context,
            aggregate: &replica.aggregate,
            field: &field.name,
            span: raw
                .value
                .fields
                .iter()
                .find(|it| it.value == field.name.as_str())
                .map(|it| it.span),
            what: "copied",
            code: "replica-without-event",
        };
        publishing::check(cx, &reader);
        field.may_be_unknown = publishing::may_be_unknown(&reader);
    }
    fields
}

/// Whether events tell of the creation of what is copied at `span`; reported when none does.
pub(super) fn is_announced(
    cx: &Checker<'_>,
    context: &Context,
    source: &Aggregate,
    span: Span,
) -> bool {
    let is_announced = is_created(cx, context, &source.name);
    if !is_announced {
        let message = format!("no event tells that a `{}` was created", source.name);
        let finding = Diagnostic::error("replica-without-event", message).at(span, "");
        cx.report(finding.help(format!(
            "give `{}` a command that creates a `{}` and emits an event",
            context.name, source.name
        )));
    }
    is_announced
}

/// Whether some event tells of a creation; what is owned elsewhere need not say by which command.
fn is_created(cx: &Checker<'_>, context: &Context, aggregate: &TypeName) -> bool {
    let creating = |command: &&crate::model::Command| {
        command.change == Change::Creates && command.aggregate == *aggregate
    };
    let is_announced = context
        .commands
        .values()
        .filter(creating)
        .any(|it| !it.events().is_empty());
    let raw = cx.raw_context(context.name.as_str());
    let unsure = raw.is_some_and(|raw| {
        raw.commands.len() > context.commands.len() || !raw.commands.broken.is_empty()
    });
    let elsewhere =
        context.external && context.events.values().any(|it| it.aggregate == *aggregate);
    is_announced || unsure || elsewhere
}
