//! What values there are to fill inputs from: of an event, of an element of its list, of a command.

use super::fill::{self, Candidate, Slot};
use super::members;
use crate::model::{
    Aggregate, Change, Context, Entity, Event, EventField, Field, Ident, InputField, InputSource,
    Source, System, Type,
};

/// The values of an event: the id of its aggregate, then its fields.
pub(super) fn of_event(context: &Context, event: &Event) -> Vec<Candidate> {
    let Some(aggregate) = context.aggregates.get(&event.aggregate) else {
        return Vec::new();
    };
    let id = Candidate {
        source: Source::EventAggregateId,
        name: None,
        slot: Slot::id(&context.name, &aggregate.name),
    };
    let fields = event.fields.iter().filter_map(|(name, field)| {
        let field = field_of(aggregate, name, field)?;
        Some(Candidate {
            source: Source::EventField(name.clone()),
            name: Some(name.clone()),
            slot: Slot::of(Some(&context.name), field),
        })
    });
    [id].into_iter().chain(fields).collect()
}

/// The field behind a field of an event; `None` for collections.
pub(super) fn field_of<'a>(
    aggregate: &'a Aggregate,
    name: &Ident,
    field: &'a EventField,
) -> Option<&'a Field> {
    match field {
        EventField::Field => aggregate.fields.get(name),
        EventField::Own(field) | EventField::Certain(field) => Some(field),
        EventField::Collection(_) => None,
    }
}

/// What the elements of a list of an event are.
pub(super) enum Element<'a> {
    /// Entities.
    Entity(&'a Entity),
    /// Values of a type.
    Plain(&'a Field),
}

/// The list of this name in an event: `Err` when it is there but no list.
pub(super) fn list_of<'a>(
    context: &'a Context,
    event: &'a Event,
    name: &str,
) -> Option<Result<Element<'a>, ()>> {
    let aggregate = context.aggregates.get(&event.aggregate)?;
    let (name, field) = event.fields.get_key_value(name)?;
    if let EventField::Collection(entity) = field {
        return aggregate
            .entities
            .get(entity)
            .map(|entity| Ok(Element::Entity(entity)));
    }
    let field = field_of(aggregate, name, field)?;
    Some(if field.list {
        Ok(Element::Plain(field))
    } else {
        Err(())
    })
}

/// The values of an element.
pub(super) fn of_element(
    system: &System,
    context: &Context,
    element: &Element<'_>,
) -> Vec<Candidate> {
    let member = |home, field: &Field| Candidate {
        source: Source::ElementField(field.name.clone()),
        name: Some(field.name.clone()),
        slot: Slot::of(home, field),
    };
    match element {
        Element::Entity(entity) => entity
            .fields
            .values()
            .map(|field| member(Some(&context.name), field))
            .collect(),
        Element::Plain(field) => {
            let mut slot = Slot::of(Some(&context.name), field).required();
            slot.list = false;
            let whole = Candidate {
                source: Source::Element,
                name: None,
                slot,
            };
            let Type::Value(path) = &field.ty else {
                return vec![whole];
            };
            let value = fill::value_type(system, path);
            let members = value.into_iter().flat_map(|value| {
                value
                    .fields
                    .values()
                    .map(|field| member(path.context.as_ref(), field))
            });
            members.chain([whole]).collect()
        }
    }
}

/// The values a command's decision has before it looks at anything: its input, then its aggregate.
pub(super) fn of_command(
    context: &Context,
    aggregate: &Aggregate,
    change: Change,
    input: &indexmap::IndexMap<Ident, InputField>,
) -> Vec<Candidate> {
    let inputs = input.values().filter_map(|input| {
        let mut slot = of_input(context, aggregate, input)?;
        let field = aggregate.fields.get(&input.name);
        // What an update leaves out stays as it is: a member that is required is there all the same.
        let is_kept = change == Change::Updates
            && input.source == InputSource::Field
            && field.is_some_and(|field| !field.optional);
        slot.optional &= !is_kept;
        Some(Candidate {
            source: Source::Input(input.name.clone()),
            name: Some(input.name.clone()),
            slot,
        })
    });
    if change == Change::Creates {
        return inputs.collect();
    }
    let stored = aggregate
        .fields
        .values()
        .filter(|field| !input.contains_key(&field.name));
    let fields = stored.map(|field| Candidate {
        source: Source::AggregateField(field.name.clone()),
        name: Some(field.name.clone()),
        slot: Slot::of(Some(&context.name), field),
    });
    let id = Candidate {
        source: Source::AggregateId,
        name: None,
        slot: Slot::id(&context.name, &aggregate.name),
    };
    inputs.chain(fields).chain([id]).collect()
}

/// What an input takes; `None` for collections.
pub(super) fn of_input(
    context: &Context,
    aggregate: &Aggregate,
    input: &InputField,
) -> Option<Slot> {
    let field = match &input.source {
        InputSource::Field => aggregate.fields.get(&input.name)?,
        InputSource::Own(own) => own,
        InputSource::Collection(_) => return None,
    };
    let mut slot = Slot::of(Some(&context.name), field);
    // What a member may lack is one thing, what the caller may leave out another.
    slot.optional = input.optional;
    Some(slot)
}

/// What a parameter of a query takes; `None` for a status, which no value outside has.
pub(super) fn of_parameter(
    context: &Context,
    aggregate: &Aggregate,
    member: &Ident,
) -> Option<Slot> {
    let slot = members::find(aggregate, member.as_str())?.slot(&context.name, aggregate)?;
    Some(slot.required())
}
