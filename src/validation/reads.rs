//! How reads are scaled, and feature flags: what a context says of itself beside its model.

use super::checker::{Checker, Home};
use super::names;
use crate::description::Spanned;
use crate::description::raw::{RawDatabase, RawScale};
use crate::diagnostics::Diagnostic;

/// Checks `scale`.
pub(super) fn scale(cx: &Checker<'_>, home: &Home<'_>) {
    let Some(raw) = &home.raw.scale else {
        return;
    };
    cx.later(raw.span, "`scale` is");
    if raw.value.read_replicas.is_none() && raw.value.cache.is_none() {
        let finding = Diagnostic::error("empty-scale", "nothing is said of how reads are scaled");
        let help = "add `read_replicas` or `cache`, or remove `scale`";
        cx.report(finding.at(raw.span, "").help(help));
    }
    if let Some(cache) = &raw.value.cache
        && cache.value.ttl.value.millis == 0
    {
        let finding = Diagnostic::error("wrong-value", "answers are kept for no time at all");
        let help = "say how long: `cache = { ttl = \"30s\" }`";
        cx.report(finding.at(cache.value.ttl.span, "").help(help));
    }
    read_replicas(cx, home, raw);
}

/// Reports read replicas of an engine that has none.
fn read_replicas(cx: &Checker<'_>, home: &Home<'_>, raw: &Spanned<RawScale>) {
    let sqlite = home
        .raw
        .database
        .as_ref()
        .is_none_or(|it| it.value == RawDatabase::Sqlite);
    let said = raw
        .value
        .read_replicas
        .as_ref()
        .filter(|count| count.value > 0);
    if let Some(said) = said.filter(|_| sqlite) {
        let message = format!(
            "the database of `{}` is SQLite, which has no read replicas",
            home.name
        );
        let finding = Diagnostic::error("scale", message).at(said.span, "");
        let place = home.raw.database.as_ref().map_or(home.key, |it| it.span);
        let finding = finding.at(place, "the database");
        cx.report(finding.help("give the context another database, or remove `read_replicas`"));
    }
}

/// Checks the feature flags.
pub(super) fn flags(cx: &Checker<'_>, home: &Home<'_>) {
    for (name, keyed) in &home.raw.flags {
        cx.later(keyed.key, format!("the flag `{name}` is"));
        names::ident(cx, "flag", name, keyed.key);
        names::about_in(cx, &keyed.value.about, &home.raw.flags);
        let mut needs = home
            .raw
            .commands
            .values()
            .flat_map(|command| command.value.needs.values());
        if !needs.any(|need| need.value.value == *name) {
            let message = format!("no command needs the flag `{name}`");
            let finding = Diagnostic::warning("unused-flag", message).at(keyed.key, "");
            cx.report(finding.help(format!("add `needs.… = \"{name}\"` to one, or remove it")));
        }
    }
}
