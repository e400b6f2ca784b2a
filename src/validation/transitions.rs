//! Transitions of an aggregate's status.

use indexmap::IndexMap;

use super::checker::Checker;
use super::commands::Scene;
use super::names;
use crate::description::raw::{RawTo, RawTransition, Text};
use crate::diagnostics::Diagnostic;
use crate::model::{Change, Emission, StateName, Step, Transition, TypeName};

/// The transition of a command, with every state resolved.
pub(super) fn transition(
    cx: &Checker<'_>,
    scene: &Scene<'_>,
    emits: &[Emission],
) -> Option<Transition> {
    let written = scene.raw.transition.as_ref()?;
    let raw = &written.value;
    if let Some((problem, help)) = impossible(scene, raw) {
        let finding = Diagnostic::error("transition", problem).at(written.span, "");
        cx.report(finding.help(help));
        return None;
    }
    let listed = names::distinct(cx, "state", &raw.from.0);
    let from: Vec<_> = listed
        .iter()
        .filter_map(|name| state(cx, scene, name))
        .collect();
    if from.len() < listed.len() {
        return None;
    }
    let to = match &raw.to {
        None => Step::Stay,
        Some(to) if scene.change == Change::Deletes => {
            let message = format!("`{}` deletes: no status comes after", scene.name);
            let finding = Diagnostic::error("transition", message).at(to.span, "");
            cx.report(finding.help("remove `to`; `from` alone is a guard"));
            return None;
        }
        Some(to) => step(cx, scene, &to.value, emits)?,
    };
    // Without `from` the command is allowed in every status.
    let every = || {
        let states = scene.aggregate.states.iter();
        states.map(|state| state.name.clone()).collect()
    };
    let from = if from.is_empty() { every() } else { from };
    // States that failed were reported as such.
    (!from.is_empty()).then_some(Transition { from, to })
}

/// Why the command cannot have a transition, and the way out.
fn impossible(scene: &Scene<'_>, raw: &RawTransition) -> Option<(String, &'static str)> {
    let aggregate = scene.aggregate;
    if scene.written.states.is_none() {
        let problem = format!("`{}` has no states", aggregate.name);
        return Some((
            problem,
            "list them, the initial one first: `states = [\"…\"]`",
        ));
    }
    if scene.change == Change::Creates {
        let problem = format!("a `{}` is created in its first status", aggregate.name);
        let help = "remove `transition`; a second command leads on from there";
        return Some((problem, help));
    }
    (raw.from.is_empty() && raw.to.is_none()).then(|| {
        let help = "add `from`, `to` or both, or remove it";
        ("the transition says nothing".to_owned(), help)
    })
}

fn step(cx: &Checker<'_>, scene: &Scene<'_>, to: &RawTo, emits: &[Emission]) -> Option<Step> {
    match to {
        RawTo::Always(name) => state(cx, scene, name).map(Step::To),
        RawTo::ByEvent(table) => {
            if let Some(written) = scene.raw.transition.as_ref().filter(|_| table.is_empty()) {
                let finding = Diagnostic::error("transition", "`to` leads nowhere");
                let help = "name the events and where each leads, or remove `to`";
                cx.report(finding.at(written.span, "").help(help));
            }
            let emitted: Vec<&TypeName> = emits.iter().flat_map(Emission::events).collect();
            let mut steps = IndexMap::new();
            for (event, name) in table {
                let state = state(cx, scene, &name.value);
                let found = emitted.iter().find(|it| it.as_str() == event);
                if found.is_none() && !unsure(scene, event) {
                    let key = Text {
                        value: event.clone(),
                        span: name.key,
                    };
                    let what = format!("event among those that `{}` emits", scene.name);
                    cx.unknown(&what, &key, emitted.iter().map(|it| it.as_str()));
                }
                steps.extend(
                    found
                        .zip(state)
                        .map(|(event, state)| ((*event).clone(), state)),
                );
            }
            Some(Step::ByEvent(steps))
        }
    }
}

/// Whether the event is written among those emitted, although it is none.
fn unsure(scene: &Scene<'_>, event: &str) -> bool {
    let mut written = scene
        .raw
        .emits
        .iter()
        .flat_map(|emits| super::emissions::written(&emits.value));
    written.any(|name| name.value == event)
}

/// The state of this name, or a report.
fn state(cx: &Checker<'_>, scene: &Scene<'_>, name: &Text) -> Option<StateName> {
    let aggregate = scene.aggregate;
    let found = aggregate
        .states
        .iter()
        .find(|state| state.name.as_str() == name.value);
    let written = scene.written.states.iter().flat_map(|states| &states.value);
    if found.is_none()
        && !written
            .into_iter()
            .any(|word| word.name.value == name.value)
    {
        let what = format!("state of `{}`", aggregate.name);
        cx.unknown(
            &what,
            name,
            aggregate.states.iter().map(|state| state.name.as_str()),
        );
    }
    found.map(|state| state.name.clone())
}
