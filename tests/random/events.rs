//! Events, and what they offer to who reacts to them.

use toml::{Table, Value};

use super::aggregates::{Aggregate, Context, declare, put_fields};
use super::fields::{Field, Place, Ty, about};
use super::rng::Rng;

/// An event.
#[derive(Debug, Clone)]
pub struct Event {
    pub name: String,
    /// What it carries, besides collections.
    pub offers: Vec<Offer>,
    /// Its lists, with what their elements offer.
    pub lists: Vec<(String, Vec<Offer>)>,
}

/// A value to fill an input from.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Its name; the id of the aggregate and a plain element have none.
    pub name: Option<String>,
    pub ty: Ty,
    pub certain: bool,
    pub list: bool,
}

impl Offer {
    fn of(field: &Field) -> Self {
        Self::sure_of(field, &[])
    }

    /// The same, where these are certain although they are optional.
    fn sure_of(field: &Field, certain: &[String]) -> Self {
        Self {
            name: Some(field.name.clone()),
            ty: field.ty.clone(),
            certain: !field.optional || certain.contains(&field.name),
            list: field.list,
        }
    }
}

/// Declares an event of an aggregate; `given` are inputs of every command that emits it, `cleared` the
/// members that these may clear.
pub fn describe(
    rng: &mut Rng,
    context: &mut Context,
    aggregate: usize,
    (given, cleared): (&[Field], &[String]),
) -> String {
    let name = context
        .names
        .type_name(rng, context.axes.style, |_| Vec::new());
    let of = context.aggregates[aggregate].clone();
    let mut made = Table::new();
    about(rng, &mut made);
    made.insert("of".to_owned(), of.name.clone().into());
    let mut carried = of.published.clone();
    let others: Vec<String> = of.member_names();
    for other in rng.some(&others, 30) {
        if !carried.contains(other) {
            carried.push(other.clone());
        }
    }
    let optional = carried.iter().filter(|name| {
        let field = of.field(name);
        field.is_some_and(|field| field.optional) && !cleared.contains(name)
    });
    let optional: Vec<String> = optional.cloned().collect();
    let certain: Vec<String> = rng.some(&optional, 30).into_iter().cloned().collect();
    let listed = carried.iter().map(|name| {
        let mark = if certain.contains(name) { "!" } else { "" };
        Value::from(format!("{name}{mark}"))
    });
    let listed = listed.collect();
    made.insert("fields".to_owned(), Value::Array(listed));
    let own = own(rng, context, &name, &of, given);
    put_fields(&mut made, "own", &own);
    declare(&mut context.written, "events", &name, made);
    context.events.push(event(
        context,
        name.clone(),
        &of,
        (&carried, &certain),
        &own,
    ));
    name
}

/// Fields of the event's own: some that the command gives, some that it may leave out or works out.
fn own(
    rng: &mut Rng,
    context: &mut Context,
    name: &str,
    of: &Aggregate,
    given: &[Field],
) -> Vec<Field> {
    let mut taken = of.members.clone();
    let free = |field: &&Field| field.ty != Ty::Inline && !field.default && taken.take(&field.name);
    let given: Vec<Field> = given.iter().filter(free).cloned().collect();
    let mut own: Vec<Field> = rng.some(&given, 70).into_iter().cloned().collect();
    context.types.entities = of.entity_names();
    let mut more = match rng.chance(30) {
        true => context.fields(rng, name, Place::Own, 1, &mut taken),
        false => Vec::new(),
    };
    context.types.entities.clear();
    for field in &mut more {
        field.optional |= field.is_required() && rng.chance(50);
        if field.optional {
            field.written.insert("optional".to_owned(), true.into());
        }
    }
    own.extend(more);
    own
}

fn event(
    context: &Context,
    name: String,
    of: &Aggregate,
    (carried, certain): (&[String], &[String]),
    own: &[Field],
) -> Event {
    let id = Offer {
        name: None,
        ty: Ty::Reference(context.name.clone(), of.name.clone()),
        certain: true,
        list: false,
    };
    let fields: Vec<&Field> = carried
        .iter()
        .filter_map(|it| of.field(it))
        .chain(own)
        .collect();
    let mut lists: Vec<_> = of
        .entities
        .iter()
        .filter(|entity| carried.contains(&entity.collection))
        .map(|entity| {
            let offers = entity.fields.iter().map(Offer::of).collect();
            (entity.collection.clone(), offers)
        })
        .collect();
    for field in fields.iter().filter(|field| field.list) {
        let mut element = Offer::of(field);
        (element.name, element.certain, element.list) = (None, true, false);
        lists.push((field.name.clone(), vec![element]));
    }
    Event {
        name,
        offers: [id]
            .into_iter()
            .chain(fields.into_iter().map(|it| Offer::sure_of(it, certain)))
            .collect(),
        lists,
    }
}
