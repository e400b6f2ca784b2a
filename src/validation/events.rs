//! Events.

use indexmap::IndexMap;

use super::checker::{Checker, Home};
use super::fields::{self, Owner, Place};
use super::members::{self, Member};
use super::names;
use crate::description::Keyed;
use crate::description::raw::{RawEvent, Text};
use crate::diagnostics::Diagnostic;
use crate::model::{
    Aggregate, Change, Command, Event, EventField, Field, Ident, TypeName, derived,
};

/// The events of a context; who emits them is settled when its commands are known.
pub(super) fn events(cx: &Checker<'_>, home: &Home<'_>) -> IndexMap<TypeName, Event> {
    let mut events = IndexMap::new();
    for (name, raw) in &home.raw.events {
        let valid = names::type_name(cx, "event", name, raw.key);
        if let (Some(name), Some(event)) = (valid, event(cx, home, name, raw)) {
            events.insert(name.clone(), Event { name, ..event });
        }
    }
    events
}

fn event(cx: &Checker<'_>, home: &Home<'_>, name: &str, keyed: &Keyed<RawEvent>) -> Option<Event> {
    let raw = &keyed.value;
    let about = names::about_in(cx, &raw.about, &home.raw.events);
    let aggregates = &cx.context(home).aggregates;
    let aggregate = cx.find("aggregate", &raw.of, aggregates, &home.raw.aggregates)?;
    let version = raw.version.as_ref().map_or(1, |version| version.value);
    if let Some(written) = &raw.version {
        if version == 0 {
            let finding = Diagnostic::error("event-version", "versions count from 1");
            cx.report(
                finding
                    .at(written.span, "")
                    .help("remove `version`, or raise it to 2 for the second one"),
            );
        } else if version > 1 {
            cx.later(written.span, "versions of events after the first are");
        }
    }
    let mut made = IndexMap::new();
    for name in names::distinct(cx, "field", raw.fields.iter().map(|it| &it.name)) {
        let mut marked = raw.fields.iter().filter(|it| it.certain);
        let certain = marked.any(|it| it.name.span == name.span);
        made.extend(carried(cx, home, aggregate, (name, certain)));
    }
    let owner = Owner {
        home: Some(home),
        name,
        place: Place::Own,
        aggregate: Some(aggregate.name.as_str()),
    };
    for (field, own) in fields::fields(cx, &owner, &raw.own) {
        if is_free(cx, aggregate, raw, &field) {
            made.insert(field, EventField::Own(Box::new(own)));
        }
    }
    Some(Event {
        name: TypeName::new(name)?,
        doc: about.doc,
        deprecated: about.deprecated,
        renamed_from: about.renamed_from,
        version,
        aggregate: aggregate.name.clone(),
        fields: made,
        deletes: false,
        creates: false,
    })
}

/// A member of the aggregate that an event is to carry.
fn carried(
    cx: &Checker<'_>,
    home: &Home<'_>,
    aggregate: &Aggregate,
    (name, certain): (&Text, bool),
) -> Option<(Ident, EventField)> {
    let raw = &home.raw.aggregates.get(aggregate.name.as_str())?.value;
    let member = members::resolve(cx, aggregate, raw, name)?;
    if certain {
        certain_anyway(cx, aggregate, name, member);
    }
    let finding = Diagnostic::error("built-in-member", "").at(name.span, "");
    let (message, help) = match member {
        Member::Field(field) if certain && field.optional => {
            let field = Field {
                optional: false,
                ..field.clone()
            };
            return Some((field.name.clone(), EventField::Certain(Box::new(field))));
        }
        Member::Field(field) => return Some((field.name.clone(), EventField::Field)),
        Member::Collection(entity) => {
            let field = EventField::Collection(entity.name.clone());
            return Some((entity.collection.clone(), field));
        }
        Member::Id | Member::Status => (
            format!("events carry `{}` without asking", name.value),
            "remove it",
        ),
        Member::Version => {
            let message = "an event's `sequence` is the aggregate's version".to_owned();
            (
                message,
                "remove it: events carry their sequence without asking",
            )
        }
        Member::Instant => {
            let message = format!(
                "events do not carry `{}`: they carry their own time",
                name.value
            );
            (
                message,
                "remove it, or give the aggregate a field for the time that is meant",
            )
        }
    };
    cx.report(Diagnostic { message, ..finding }.help(help));
    None
}

/// Reports a `!` on a member that no aggregate lacks.
fn certain_anyway(cx: &Checker<'_>, aggregate: &Aggregate, name: &Text, member: Member<'_>) {
    let what = match member {
        Member::Field(field) if field.optional => return,
        Member::Field(_) => "is required",
        Member::Collection(_) => "is a collection",
        _ => return,
    };
    let (of, name, at) = (&aggregate.name, &name.value, name.span);
    let message = format!("`{name}` of `{of}` {what}, so it is there without `!`");
    let finding = Diagnostic::error("certain-member", message).at(at, "");
    cx.report(
        finding
            .note("`!` says that what the aggregate may lack is there whenever this event happens")
            .help(format!("write `\"{name}\"`")),
    );
}

/// Whether an own field has a name that nothing else in the event has.
fn is_free(cx: &Checker<'_>, aggregate: &Aggregate, raw: &RawEvent, name: &Ident) -> bool {
    let key = derived::collision_key(name.as_str());
    let same = |other: &str| derived::collision_key(other) == key;
    let built_in = aggregate.built_in_members().any(same);
    let fields = aggregate.fields.keys().map(Ident::as_str);
    let collections = aggregate
        .entities
        .values()
        .map(|entity| entity.collection.as_str());
    let member = fields.chain(collections).find(|member| same(member));
    if !built_in && member.is_none() {
        return true;
    }
    let (message, help) = match member {
        Some(member) => (
            format!(
                "`{name}` is called as the member `{member}` of `{}`",
                aggregate.name
            ),
            format!("write `fields = [\"{member}\"]` to carry that, or rename this one"),
        ),
        None => (
            format!("`{name}` is a field that the tool gives to aggregates"),
            "rename it".to_owned(),
        ),
    };
    let finding = Diagnostic::error("name-collision", message);
    let span = fields::key_of(&raw.own, name.as_str());
    let finding = span
        .into_iter()
        .fold(finding, |finding, span| finding.at(span, ""));
    cx.report(finding.help(help));
    false
}

/// Sets what events say from the commands that emit them.
pub(super) fn settle(
    events: &mut IndexMap<TypeName, Event>,
    commands: &IndexMap<TypeName, Command>,
) {
    for event in events.values_mut() {
        let emitters = || {
            commands
                .values()
                .filter(|command| command.events().contains(&&event.name))
        };
        event.deletes = emitters().count() > 0 && emitters().all(|it| it.change == Change::Deletes);
        event.creates = emitters().any(|it| it.change == Change::Creates);
    }
}
