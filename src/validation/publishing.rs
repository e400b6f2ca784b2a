//! Whether what other contexts copy is told by events: every writer of a copied field must emit an
//! event that carries it.

use super::checker::Checker;
use crate::diagnostics::{Diagnostic, Span};
use crate::model::{Change, Command, Context, Emission, EventField, Ident, InputSource, TypeName};

/// Somebody who copies a field.
pub(super) struct Reader<'a> {
    /// The context that owns it.
    pub context: &'a Context,
    /// The aggregate that has it.
    pub aggregate: &'a TypeName,
    /// The field, or `status`.
    pub field: &'a Ident,
    /// Where it says so.
    pub span: Option<Span>,
    /// What it does, in words: `copied`, `shown`.
    pub what: &'a str,
    /// The code for a field that no event carries.
    pub code: &'static str,
}

impl Reader<'_> {
    fn is_status(&self) -> bool {
        let aggregate = self.context.aggregates.get(self.aggregate);
        aggregate.is_some_and(|aggregate| aggregate.is_status(self.field))
    }

    fn creators(&self) -> impl Iterator<Item = &Command> {
        self.context.commands.values().filter(|command| {
            command.aggregate == *self.aggregate && command.change == Change::Creates
        })
    }

    /// Whether the event carries the field; every event carries the status.
    fn is_carried_by(&self, event: &TypeName) -> bool {
        self.is_status()
            || self.context.events.get(event).is_some_and(|event| {
                let carried = event.fields.get(self.field);
                event.aggregate == *self.aggregate
                    && carried.is_some_and(|field| !matches!(field, EventField::Own(_)))
            })
    }

    /// Whether every outcome of the command that emits anything carries the field.
    fn is_told_by(&self, command: &Command) -> bool {
        let carries = |event: &TypeName| self.is_carried_by(event);
        let mut always = command
            .emits
            .iter()
            .filter(|it| !matches!(it, Emission::Optional(_)));
        let certain = always
            .clone()
            .any(|it| it.events().into_iter().all(carries));
        // With optional events alone, nothing emitted means that nothing was changed.
        let every = !command.emits.is_empty() && command.events().into_iter().all(carries);
        certain || (always.next().is_none() && every)
    }
}

/// Whether a copy may lack the field although its source has it.
pub(super) fn may_be_unknown(reader: &Reader<'_>) -> bool {
    let mut creators = reader.creators().peekable();
    if creators.peek().is_none() {
        return !reader.is_status();
    }
    // The copy is made of the first event; what the next one tells is not there yet.
    creators.any(|command| {
        !command
            .first_events()
            .all(|event| reader.is_carried_by(event))
    })
}

/// Reports a copied field that no event carries, or else the writers that do not tell of it.
pub(super) fn check(cx: &Checker<'_>, reader: &Reader<'_>) {
    let Reader {
        context,
        aggregate,
        field,
        ..
    } = reader;
    if !context
        .events
        .keys()
        .any(|event| reader.is_carried_by(event))
    {
        uncarried(cx, reader);
        return;
    }
    let Some(raw) = cx.raw_context(context.name.as_str()) else {
        return;
    };
    for command in context.commands.values() {
        let silent = command.aggregate == **aggregate
            && writes(command, field)
            && !command.emits.is_empty()
            && !reader.is_told_by(command);
        let Some(written) = raw.commands.get(command.name.as_str()).filter(|_| silent) else {
            continue;
        };
        // However many copies there are, the mistake is one.
        if !cx.once(format!("{}.{}.{field}", context.name, command.name)) {
            continue;
        }
        let emits = written.value.emits.first();
        let place = emits.map_or(written.key, |emits| emits.span);
        report_unpublished(cx, reader, command, place);
    }
}

/// Reports a command that writes the field and does not tell of it.
fn report_unpublished(cx: &Checker<'_>, reader: &Reader<'_>, command: &Command, place: Span) {
    let field = reader.field;
    let message = format!(
        "`{}` writes `{field}`, but may emit no event that carries it",
        command.name
    );
    let finding = Diagnostic::error("unpublished-change", message).at(place, "");
    let finding = match reader.span {
        Some(span) => finding.at(span, format!("`{field}` is {} here", reader.what)),
        None => finding,
    };
    let finding = finding.note("the copy would keep the old value");
    let mut events = command.events().into_iter();
    cx.report(match events.find(|event| !reader.is_carried_by(event)) {
        Some(event) => finding.help(format!("add `{field}` to the `fields` of `{event}`")),
        None => finding.help("emit the event that carries it always: drop its `?`"),
    });
}

fn uncarried(cx: &Checker<'_>, reader: &Reader<'_>) {
    let raw = cx.raw_context(reader.context.name.as_str());
    if raw.is_none_or(|raw| {
        raw.events.len() > reader.context.events.len() || !raw.events.broken.is_empty()
    }) {
        // An event that failed may be the one that carries it.
        return;
    }
    let Reader {
        context,
        aggregate,
        field,
        ..
    } = reader;
    let owner = &context.name;
    let message = format!("no event of `{owner}` carries `{field}` of `{aggregate}`");
    let finding = Diagnostic::error(reader.code, message);
    let finding = reader
        .span
        .into_iter()
        .fold(finding, |finding, span| finding.at(span, ""));
    let could = reader.creators().flat_map(Command::events).next();
    cx.report(match could {
        Some(event) => finding.help(format!(
            "add `{field}` to the `fields` of `{owner}.{event}`"
        )),
        None => finding.help(format!(
            "declare an event of `{aggregate}` with `fields = [\"{field}\"]`"
        )),
    });
}

/// Whether a decision of the command may change the field.
fn writes(command: &Command, field: &Ident) -> bool {
    let input = command.input.get(field);
    let sent = input.is_some_and(|input| !matches!(input.source, InputSource::Own(_)));
    command.change != Change::Deletes && (sent || command.sets.contains(field))
}
