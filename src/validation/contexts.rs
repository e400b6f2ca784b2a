//! The system and its contexts: their names, databases and broker.

use indexmap::IndexMap;

use super::checker::{Checker, Home};
use super::{Options, names, reads};
use crate::description::raw::{RawBroker, RawContext, RawDatabase, Text};
use crate::description::{Description, Keyed, Map, Spanned};
use crate::diagnostics::{Diagnostic, Span};
use crate::model::{Broker, Context, Database, Given, System, SystemName, derived};

/// The system without its contexts; one that was not described gets a name for the time being.
pub(super) fn system(raw: &Description, options: &Options) -> Option<System> {
    let named = raw
        .system
        .as_ref()
        .and_then(|raw| SystemName::new(&raw.value.name.value));
    let about = raw.system.as_ref().map(|raw| &raw.value.about);
    let broker = raw
        .system
        .as_ref()
        .and_then(|raw| raw.value.broker.as_ref());
    Some(System {
        name: named.or_else(|| SystemName::new("system"))?,
        doc: about
            .and_then(|about| about.doc.as_ref())
            .map(|doc| doc.value.trim().to_owned()),
        broker: match broker.map(|broker| broker.value) {
            Some(RawBroker::Kafka) if !options.embedded => Broker::Kafka,
            _ => Broker::Embedded,
        },
        enums: IndexMap::new(),
        values: IndexMap::new(),
        contexts: IndexMap::new(),
        given: Given::default(),
    })
}

/// The contexts with valid names; each is put into the model, still empty.
pub(super) fn homes<'a>(cx: &mut Checker<'a>) -> Vec<Home<'a>> {
    of_system(cx);
    let mut homes: Vec<Home<'a>> = Vec::new();
    for (name, keyed) in &cx.raw.contexts {
        let Some(name) = names::context_name(cx, "context", name, keyed.key) else {
            continue;
        };
        let home = Home {
            name,
            key: keyed.key,
            raw: &keyed.value,
        };
        apart(cx, &home, &homes);
        elsewhere(cx, &home);
        let made = empty(cx, &home, keyed);
        cx.system.contexts.insert(home.name.clone(), made);
        homes.push(home);
    }
    for home in &homes {
        packages(cx, home, &homes);
    }
    if homes.is_empty() && cx.raw.contexts.broken.is_empty() {
        let finding = Diagnostic::error("no-contexts", "the system has no contexts");
        let place = cx.raw.system.as_ref().map(|system| system.key);
        let finding = place
            .into_iter()
            .fold(finding, |finding, at| finding.at(at, ""));
        cx.report(finding.help("describe one: `[contexts.loan]`"));
    }
    homes
}

/// Checks what is said of the system as a whole.
fn of_system(cx: &Checker<'_>) {
    let Some(keyed) = &cx.raw.system else { return };
    let raw = &keyed.value;
    names::system_name(cx, "system", &raw.name.value, raw.name.span);
    names::about(cx, &raw.about, |_| false);
    let Some(auth) = &raw.auth else { return };
    cx.later(auth.span, "`auth` is");
    let issuer = &auth.value.issuer;
    let host = issuer
        .value
        .strip_prefix("https://")
        .or(issuer.value.strip_prefix("http://"));
    if host.is_none_or(|host| host.is_empty() || host.contains(char::is_whitespace)) {
        let message = format!("`{}` is not the URL of an issuer", issuer.value);
        let finding = Diagnostic::error("wrong-value", message).at(issuer.span, "");
        cx.report(finding.help("write it as the issuer does: `\"https://id.example.com\"`"));
    }
    if auth.value.audience.value.trim().is_empty() {
        let finding = Diagnostic::error("wrong-value", "the audience is empty");
        cx.report(
            finding
                .at(auth.value.audience.span, "")
                .help("name what tokens are for"),
        );
    }
}

fn empty(cx: &Checker<'_>, home: &Home<'_>, keyed: &Keyed<RawContext>) -> Context {
    let raw = &keyed.value;
    let about = names::about_in(cx, &raw.about, &cx.raw.contexts);
    let said = |text: &Option<Text>| text.as_ref().map(|text| text.value.trim().to_owned());
    Context {
        name: home.name.clone(),
        purpose: said(&raw.purpose).or(about.doc),
        database: database(cx, home),
        scale: reads::scale(cx, home),
        owner: owner(cx, raw.owner.as_ref()),
        external: home.external(),
        enums: IndexMap::new(),
        values: IndexMap::new(),
        aggregates: IndexMap::new(),
        commands: IndexMap::new(),
        events: IndexMap::new(),
        queries: IndexMap::new(),
        replicas: IndexMap::new(),
        policies: IndexMap::new(),
        effects: IndexMap::new(),
    }
}

fn database(cx: &Checker<'_>, home: &Home<'_>) -> Database {
    let Some(said) = home.raw.database.as_ref().filter(|_| !cx.options.embedded) else {
        return Database::Sqlite;
    };
    match said.value {
        RawDatabase::Sqlite => Database::Sqlite,
        RawDatabase::Postgres => Database::Postgres,
        RawDatabase::Mongodb => Database::Mongodb,
        RawDatabase::Redis => Database::Redis,
    }
}

/// An owner as CODEOWNERS takes it: `@user`, `@org/team` or a mail address.
fn owner(cx: &Checker<'_>, owner: Option<&Spanned<String>>) -> Option<String> {
    let owner = owner?;
    let text = owner.value.as_str();
    let handle = text.strip_prefix('@').is_some_and(|rest| !rest.is_empty());
    let mail = text
        .split_once('@')
        .is_some_and(|(user, host)| !user.is_empty() && host.contains('.'));
    if (handle || mail) && !text.contains(char::is_whitespace) && !text.contains('#') {
        return Some(text.to_owned());
    }
    let finding = Diagnostic::error("wrong-value", format!("`{text}` cannot own a folder"));
    cx.report(
        finding
            .at(owner.span, "")
            .note("it goes into CODEOWNERS")
            .help("write `@user`, `@organisation/team` or a mail address"),
    );
    None
}

/// Reports a name that is taken, or in code what an earlier one is.
fn apart(cx: &Checker<'_>, home: &Home<'_>, earlier: &[Home<'_>]) {
    let name = home.name.as_str();
    if derived::RESERVED_CONTEXTS.contains(&name) {
        let message = format!("a context cannot be called `{name}`");
        let finding = Diagnostic::error("reserved-name", message).at(home.key, "");
        cx.report(
            finding
                .note("the workspace has a folder or a package of its own of that name")
                .help("use another word of the business"),
        );
    }
    let key = derived::collision_key(name);
    let same = |other: &&Home<'_>| derived::collision_key(other.name.as_str()) == key;
    if let Some(other) = earlier.iter().find(same) {
        let message = format!(
            "the contexts `{}` and `{name}` are one name in code",
            other.name
        );
        let finding = Diagnostic::error("name-collision", message).at(home.key, "");
        cx.report(
            finding
                .at(other.key, "the other one")
                .help("rename one of them"),
        );
    }
}

/// Reports what only a service has in a context that is owned elsewhere.
fn elsewhere(cx: &Checker<'_>, home: &Home<'_>) {
    let Some(external) = home.raw.external.as_ref().filter(|external| external.value) else {
        return;
    };
    let raw = home.raw;
    let kinds = [
        ("replica", first(&raw.replicas)),
        ("policy", first(&raw.policies)),
        ("effect", first(&raw.effects)),
        ("saga", first(&raw.sagas)),
        ("read model", first(&raw.read_models)),
        ("call", first(&raw.calls)),
        ("flag", first(&raw.flags)),
    ];
    for (what, found) in kinds {
        let Some((name, span)) = found else {
            continue;
        };
        let message = format!("the {what} `{name}` is in a context that is owned elsewhere");
        let finding = Diagnostic::error("external-context", message).at(span, "");
        cx.report(
            finding
                .at(external.span, "it says so here")
                .note("only its contract is generated: types, events, commands, queries")
                .help("remove it, or put it into a context of yours"),
        );
    }
}

fn first<T>(map: &Map<T>) -> Option<(&str, Span)> {
    map.iter()
        .next()
        .map(|(name, keyed)| (name.as_str(), keyed.key))
}

/// Reports a context whose package would be called as the contract of another.
fn packages(cx: &Checker<'_>, home: &Home<'_>, homes: &[Home<'_>]) {
    let name = home.name.as_str();
    let taken = derived::CONTRACT_SUFFIXES.iter().find_map(|suffix| {
        let stem = name.strip_suffix(suffix)?;
        homes.iter().find(|other| other.name.as_str() == stem)
    });
    if let Some(other) = taken {
        let message = format!(
            "the package of `{name}` is called as the contract of `{}`",
            other.name
        );
        let finding = Diagnostic::error("name-collision", message).at(home.key, "");
        cx.report(
            finding
                .at(other.key, "its contract")
                .help("rename one of them"),
        );
    }
}
