//! How reads are scaled, and feature flags: what a context says of itself beside its model.

use super::checker::{Checker, Home};
use super::names;
use crate::description::Spanned;
use crate::description::raw::{RawCache, RawDatabase, RawScale};
use crate::diagnostics::Diagnostic;
use crate::model::Scale;

/// The greatest number of read replicas: a server streams to ten others unless told otherwise, and a
/// copy that is being made needs two of these.
const MOST_REPLICAS: u32 = 8;

/// The longest life of an entry, in milliseconds: a day.
const LONGEST_TTL: u64 = 24 * 60 * 60 * 1_000;

/// How the reads of a context are scaled.
pub(super) fn scale(cx: &Checker<'_>, home: &Home<'_>) -> Scale {
    let Some(raw) = &home.raw.scale else {
        return Scale::default();
    };
    if raw.value.read_replicas.is_none() && raw.value.cache.is_none() {
        let finding = Diagnostic::error("empty-scale", "nothing is said of how reads are scaled");
        let help = "add `read_replicas` or `cache`, or remove `scale`";
        cx.report(finding.at(raw.span, "").help(help));
    }
    if let Some(external) = home.raw.external.as_ref().filter(|external| external.value) {
        let message = "the scale is that of a context that is owned elsewhere";
        let finding = Diagnostic::error("external-context", message).at(raw.span, "");
        let finding = finding.at(external.span, "it says so here");
        cx.report(finding.help("remove it, its owner sees to it"));
        return Scale::default();
    }
    let scale = Scale {
        read_replicas: read_replicas(cx, home, raw),
        cache_millis: raw.value.cache.as_ref().map(|raw| cache(cx, home, raw)),
    };
    match cx.options.embedded {
        true => Scale::default(),
        false => scale,
    }
}

/// How long entries of the cache live; a cache of what is as fast is reported.
fn cache(cx: &Checker<'_>, home: &Home<'_>, raw: &Spanned<RawCache>) -> u64 {
    let ttl = &raw.value.ttl;
    if ttl.value.millis == 0 {
        let finding = Diagnostic::error("wrong-value", "answers are kept for no time at all");
        let help = "say how long: `cache = { ttl = \"30s\" }`";
        cx.report(finding.at(ttl.span, "").help(help));
    }
    if ttl.value.millis > LONGEST_TTL {
        let finding = Diagnostic::error("wrong-value", "answers are kept for more than a day");
        let finding = finding.at(ttl.span, "");
        cx.report(
            finding
                .note("it is how long a change can stay unseen that nobody could tell the cache of")
                .help("say `\"24h\"` at most"),
        );
    }
    let database = home.raw.database.as_ref();
    if let Some(database) = database.filter(|it| it.value == RawDatabase::Redis) {
        let message = format!("`{}` has a cache in Redis before Redis", home.name);
        let finding = Diagnostic::error("scale", message).at(raw.span, "");
        cx.report(
            finding
                .at(database.span, "the database")
                .note("the cache would be as fast as the database")
                .help("remove `cache`"),
        );
    }
    ttl.value.millis
}

/// How many read replicas there are; those of an engine that has none are reported.
fn read_replicas(cx: &Checker<'_>, home: &Home<'_>, raw: &Spanned<RawScale>) -> u32 {
    let said = raw.value.read_replicas.as_ref();
    let Some(said) = said.filter(|count| count.value > 0) else {
        return 0;
    };
    let database = home.raw.database.as_ref();
    match database.map_or(RawDatabase::Sqlite, |it| it.value) {
        RawDatabase::Postgres => {}
        RawDatabase::Sqlite => {
            let message = format!(
                "the database of `{}` is SQLite, which has no read replicas",
                home.name
            );
            let finding = Diagnostic::error("scale", message).at(said.span, "");
            let place = database.map_or(home.key, |it| it.span);
            let finding = finding.at(place, "the database");
            cx.report(finding.help("give the context another database, or remove `read_replicas`"));
        }
        RawDatabase::Mongodb | RawDatabase::Redis => {
            cx.later(said.span, "`read_replicas` of this database is");
        }
    }
    if said.value > MOST_REPLICAS {
        let message = format!("{} read replicas are too many", said.value);
        let finding = Diagnostic::error("scale", message).at(said.span, "");
        cx.report(
            finding
                .note(format!("a server streams to {MOST_REPLICAS} of them"))
                .help(format!("say {MOST_REPLICAS} at most")),
        );
    }
    said.value.min(MOST_REPLICAS)
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
