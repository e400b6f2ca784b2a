//! Paths of HTTP that a description gives, and routes that would be the same.

use std::collections::HashMap;

use super::checker::{Checker, Home};
use crate::description::raw::Text;
use crate::diagnostics::{Diagnostic, Span};
use crate::model::routes::{Endpoint, RESERVED_PATHS, Route, routes};

/// A path without parameters, its leading slash taken off.
pub(super) fn plain(cx: &Checker<'_>, path: &Text) -> Option<String> {
    let (valid, parameters) = read(cx, path)?;
    if let Some(parameter) = parameters.first() {
        let message = format!("the path has a parameter `{{{parameter}}}`");
        let finding = Diagnostic::error("path", message).at(path.span, "");
        cx.report(
            finding
                .note("values are never in the path here")
                .help("remove it"),
        );
        return None;
    }
    Some(valid)
}

/// A path of a command: with `{id}` where the command is on an aggregate that exists.
pub(super) fn of_command(cx: &Checker<'_>, path: &Text, has_id: bool) -> Option<String> {
    let (valid, parameters) = read(cx, path)?;
    let expected: &[&str] = if has_id { &["id"] } else { &[] };
    if parameters != expected {
        let message = format!(
            "the path of this command {}",
            match has_id {
                true => "needs `{id}`, once, and no other parameter",
                false => "cannot have a parameter: the aggregate is not there yet",
            }
        );
        let finding = Diagnostic::error("path", message).at(path.span, "");
        cx.report(finding.help(match has_id {
            true => "write it as `\"loans/{id}/approve\"`",
            false => "write it as `\"loans/apply\"`",
        }));
        return None;
    }
    Some(valid)
}

/// A path, its leading slash taken off, and the names of its parameters.
pub(super) fn read<'t>(cx: &Checker<'_>, path: &'t Text) -> Option<(String, Vec<&'t str>)> {
    let text = path.value.strip_prefix('/').unwrap_or(&path.value);
    let mut parameters = Vec::new();
    for part in text.split('/') {
        let name = part
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'));
        let formed = match name {
            Some(name) => crate::model::Ident::new(name).is_some() && !parameters.contains(&name),
            None => !part.is_empty() && part.chars().all(is_plain) && part.contains(is_word),
        };
        if !formed {
            let message = format!("`{}` is not a path", path.value);
            let finding = Diagnostic::error("path", message).at(path.span, "");
            cx.report(finding.help(
                "write parts of lowercase letters, digits and `-._~`, as `/loans/open`; a \
                 parameter is `{name}`, each once",
            ));
            return None;
        }
        parameters.extend(name);
    }
    Some((text.to_owned(), parameters))
}

fn is_plain(c: char) -> bool {
    is_word(c) || matches!(c, '-' | '.' | '_' | '~')
}

fn is_word(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

/// Reports routes of a context that are the same, or one of every service's own.
pub(super) fn collisions(cx: &Checker<'_>, home: &Home<'_>) {
    // The routes of what is owned elsewhere are not ours to keep apart.
    if home.external() {
        return;
    }
    let mut seen: HashMap<(&str, String), Route> = HashMap::new();
    for route in routes(cx.context(home)) {
        if is_reserved(&route.path) {
            reserved(cx, home, &route);
            continue;
        }
        let key = (route.method.as_str(), pattern(&route.path));
        match seen.get(&key) {
            Some(other) => collision(cx, home, other, &route),
            None => {
                seen.insert(key, route);
            }
        }
    }
}

/// Whether every service answers there for itself.
pub(super) fn is_reserved(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next();
    first.is_some_and(|first| RESERVED_PATHS.contains(&first))
}

/// A path in which parameters have lost their names.
pub(super) fn pattern(path: &str) -> String {
    let parts = path
        .split('/')
        .map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

fn reserved(cx: &Checker<'_>, home: &Home<'_>, route: &Route) {
    // The list and the single one have the same first part; once is enough.
    if matches!(route.endpoint, Endpoint::Get(_)) {
        return;
    }
    let message = format!(
        "the path `{}` of {} is taken",
        route.path,
        words(&route.endpoint)
    );
    let finding = Diagnostic::error("path-collision", message);
    let finding = place(home, &route.endpoint)
        .into_iter()
        .fold(finding, |f, at| f.at(at, ""));
    cx.report(
        finding
            .note("every service answers there for itself")
            .help("give it another one: `path = \"…\"`"),
    );
}

fn collision(cx: &Checker<'_>, home: &Home<'_>, first: &Route, second: &Route) {
    // Aggregates with one path have one list too; once is enough.
    if matches!(
        (&first.endpoint, &second.endpoint),
        (Endpoint::Get(_), Endpoint::Get(_))
    ) {
        return;
    }
    let message = format!(
        "{} and {} have the same route `{} {}`",
        words(&second.endpoint),
        words(&first.endpoint),
        second.method.as_str(),
        second.path
    );
    let mut finding = Diagnostic::error("path-collision", message);
    for (endpoint, text) in [(&second.endpoint, ""), (&first.endpoint, "the other one")] {
        if let Some(at) = place(home, endpoint) {
            finding = finding.at(at, text);
        }
    }
    cx.report(finding.help("give one of them another path: `path = \"…\"`"));
}

fn words(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::List(name) => format!("the list of `{name}`"),
        Endpoint::Get(name) => format!("the aggregate `{name}`"),
        Endpoint::Command(name) => format!("the command `{name}`"),
        Endpoint::Query(name) => format!("the query `{name}`"),
    }
}

fn place(home: &Home<'_>, endpoint: &Endpoint) -> Option<Span> {
    let raw = home.raw;
    let key = |name: &crate::model::TypeName| name.as_str().to_owned();
    match endpoint {
        Endpoint::List(name) | Endpoint::Get(name) => {
            let found = raw.aggregates.get(&key(name))?;
            Some(
                found
                    .value
                    .path
                    .as_ref()
                    .map_or(found.key, |path| path.span),
            )
        }
        Endpoint::Command(name) => {
            let found = raw.commands.get(&key(name))?;
            Some(
                found
                    .value
                    .path
                    .as_ref()
                    .map_or(found.key, |path| path.span),
            )
        }
        Endpoint::Query(name) => {
            let found = raw.queries.get(&key(name))?;
            Some(
                found
                    .value
                    .path
                    .as_ref()
                    .map_or(found.key, |path| path.span),
            )
        }
    }
}
