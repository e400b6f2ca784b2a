//! Values that rules of a business can agree with: what is there suffices for what is asked for, and two
//! references to one kind of aggregate name two of them.

use serde_json::{Value, json};

use crate::model::{Aggregate, Constraints, Event, Field, Reference, Scalar, Type};
use crate::plan::sample;

use crate::plan::sample::Members;
use crate::plan::services::tables::uniques;
use crate::plan::services::{Service, own_fields};

/// About how large numbers are that a command brings.
pub(super) const BROUGHT: i64 = 1;
/// About how large numbers are with which something is made.
pub(super) const MADE: i64 = 100;
/// About how large numbers of what is there are; of several of an aggregate, each is larger than the
/// next or, to please the rules of those who put them the other way round, smaller.
const THERE: [i64; 3] = [1_000_000, 10_000, 1_000];
/// How many kinds of examples there are of what is there.
const VARIANTS: u32 = 3;
/// What lies between the numbers of two references of one kind.
const APART: u32 = 1 << 20;

/// About how large the number in a field of an aggregate is that is there.
pub(super) fn there(service: &Service<'_>, aggregate: &Aggregate, name: &str, number: u32) -> i64 {
    let fields = aggregate.fields.values();
    let counted: Vec<&str> = fields
        .filter(|field| service.counts(field))
        .map(|field| field.name.as_str())
        .collect();
    let place = counted.iter().position(|one| *one == name).unwrap_or(0);
    let last = counted.len().saturating_sub(1);
    let rank = match number % VARIANTS {
        1 => last.saturating_sub(place),
        _ => place,
    };
    THERE[rank.min(THERE.len() - 1)]
}

/// Whether numbers that have a default are still at it in this example.
pub(super) fn is_unused(number: u32) -> bool {
    number % VARIANTS == 2
}

impl Service<'_> {
    /// Whether a field has a number in it.
    pub(super) fn counts(&self, field: &Field) -> bool {
        match &field.ty {
            Type::Scalar(Scalar::Int | Scalar::Float | Scalar::Decimal(_)) => true,
            Type::Value(path) => {
                let fields = self.system.value_type(path).into_iter();
                fields
                    .flat_map(|ty| ty.fields.values())
                    .any(|field| self.counts(field))
            }
            _ => false,
        }
    }

    /// Makes members of an aggregate make sense that is about so large.
    pub(super) fn make_sense(
        &self,
        aggregate: &Aggregate,
        members: &mut Members,
        number: u32,
        large: impl Fn(&str) -> i64,
    ) {
        let unique = uniques(aggregate);
        let is_part = |name: &str| {
            unique
                .iter()
                .any(|(_, names)| names.iter().any(|part| part == name))
        };
        for field in aggregate.fields.values() {
            let name = field.name.as_str();
            // What tells aggregates apart stays as it is.
            if let Some(value) = members.get_mut(name).filter(|_| !is_part(name)) {
                self.resize(field, value, large(name), number);
            }
        }
        for entity in aggregate.entities.values() {
            for members in sample::elements(members, &entity.collection) {
                for field in entity.fields.values() {
                    if let Some(value) = members.get_mut(field.name.as_str()) {
                        self.resize(field, value, BROUGHT, number);
                    }
                }
                set_apart(entity.fields.values(), members, None);
            }
        }
        set_apart(aggregate.fields.values(), members, Some(aggregate));
    }

    /// Makes the data of an event make sense.
    pub(super) fn make_event_sense(
        &self,
        (aggregate, event): (&Aggregate, &Event),
        data: &mut Members,
        number: u32,
        large: impl Fn(&str) -> i64,
    ) {
        self.make_sense(aggregate, data, number, large);
        for field in own_fields(event) {
            if let Some(value) = data.get_mut(field.name.as_str()) {
                self.resize(field, value, BROUGHT, number);
            }
        }
        let fields = event.members(aggregate).filter_map(|(_, it)| it.field());
        set_apart(fields, data, Some(aggregate));
    }

    /// Makes the numbers in the example of a field about so large, as far as its rules allow.
    pub(super) fn resize(&self, field: &Field, value: &mut Value, large: i64, number: u32) {
        match (&field.ty, value) {
            (_, Value::Array(elements)) => {
                for element in elements {
                    self.resize(field, element, large, number);
                }
            }
            (Type::Value(path), Value::Object(members)) => {
                let is_amount = self.counts(field);
                let fields = self.system.value_type(path).into_iter();
                for field in fields.flat_map(|ty| ty.fields.values()) {
                    let value = members.get_mut(field.name.as_str());
                    match (&field.ty, value) {
                        // The unit of an amount: the same in all of them, so that they compare.
                        (Type::Scalar(Scalar::String), Some(unit)) if is_amount => {
                            *unit = sample::field(self.system, field, 1);
                        }
                        (_, Some(value)) => self.resize(field, value, large, number),
                        (_, None) => {}
                    }
                }
            }
            (Type::Scalar(scalar), value) if !value.is_null() => {
                let distinct = if large > MADE {
                    number % APART
                } else {
                    number % 3
                };
                let wanted = large + i64::from(distinct);
                if let Some(sized) = sized(*scalar, &field.constraints, wanted) {
                    *value = sized;
                }
            }
            _ => {}
        }
    }
}

/// A number in its JSON form; `None` where rules do not allow it.
fn sized(scalar: Scalar, rules: &Constraints, wanted: i64) -> Option<Value> {
    let bound = |value: &Option<Value>| match value {
        Some(Value::String(text)) => text.parse::<f64>().ok(),
        Some(value) => value.as_f64(),
        None => None,
    };
    // These numbers are small enough to be exact.
    let size = wanted as f64;
    let allowed = bound(&rules.min).is_none_or(|min| min <= size)
        && bound(&rules.exclusive_min).is_none_or(|min| min < size)
        && bound(&rules.max).is_none_or(|max| size <= max);
    match scalar {
        _ if !allowed => None,
        Scalar::Int => Some(json!(wanted)),
        Scalar::Float => Some(json!(size)),
        Scalar::Decimal(format) => {
            let (scale, text) = (usize::from(format.scale), wanted.to_string());
            let fits = text.len() + scale <= usize::from(format.precision);
            fits.then(|| match scale {
                0 => json!(text),
                scale => json!(format!("{text}.{:0<scale$}", "")),
            })
        }
        _ => None,
    }
}

/// Gives the second reference of a kind, and those after it, ids of their own; where these are members
/// of an aggregate, it is the first of its kind itself.
pub(super) fn set_apart<'f>(
    fields: impl Iterator<Item = &'f Field>,
    members: &mut Members,
    of: Option<&Aggregate>,
) {
    let of = of.map(|aggregate| Reference::Local(aggregate.name.clone()));
    let mut seen: Vec<Reference> = of.into_iter().collect();
    for field in fields {
        let Type::Reference(reference) = &field.ty else {
            continue;
        };
        let ids = match members.get_mut(field.name.as_str()) {
            Some(Value::Array(ids)) => ids.iter_mut().collect(),
            value => value.into_iter().collect::<Vec<_>>(),
        };
        for id in ids {
            let before = seen.iter().filter(|one| *one == reference).count();
            move_on(id, u32::try_from(before).unwrap_or(0));
            seen.push(reference.clone());
        }
    }
}

/// The id of the one so many places further on; what is far enough already stays.
fn move_on(id: &mut Value, places: u32) {
    let Some((start, number)) = id.as_str().and_then(|id| {
        let (start, _) = id.rsplit_once('-')?;
        Some((start.to_owned(), sample::number_of(id)?))
    }) else {
        return;
    };
    let number = number % APART + places * APART;
    *id = json!(format!("{start}-{number:012x}"));
}
