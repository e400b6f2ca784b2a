//! What stands under the names of an aggregate, an event or a command's input.

use super::{
    Aggregate, Change, Command, Default, Entity, Event, EventField, Field, Fill, Ident, InputField,
    InputSource, Presence, Source,
};

/// What stands under a name.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    /// The values of a field: the aggregate's, or one that the event or command has of its own.
    Field(&'a Field),
    /// A list of entities of the aggregate.
    Entities(&'a Entity),
}

impl<'a> Content<'a> {
    /// The field, where it is one.
    pub fn field(self) -> Option<&'a Field> {
        match self {
            Self::Field(field) => Some(field),
            Self::Entities(_) => None,
        }
    }

    /// What the description says of it.
    pub fn doc(self) -> Option<&'a str> {
        match self {
            Self::Field(field) => field.doc.as_deref(),
            Self::Entities(entity) => entity.doc.as_deref(),
        }
    }

    /// Whether it is left out of every answer.
    pub fn is_hidden(self) -> bool {
        self.field().is_some_and(|field| field.hidden)
    }

    /// Whether it may be absent.
    pub fn is_optional(self) -> bool {
        self.field().is_some_and(|field| field.optional)
    }
}

/// What an input of a command takes.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Its name.
    pub name: &'a Ident,
    /// What it takes.
    pub content: Content<'a>,
    /// What it says that it is left out.
    pub presence: Presence,
    /// What it is where the caller leaves it out, which only one of the command's own says.
    pub default: Option<&'a Default>,
    /// Whether it is the command's own, and so no member of the aggregate.
    pub own: bool,
}

impl Aggregate {
    /// Its fields, then its lists of entities.
    pub fn members(&self) -> impl Iterator<Item = (&Ident, Content<'_>)> + Clone {
        let fields = self.fields.values();
        let fields = fields.map(|field| (&field.name, Content::Field(field)));
        let entities = self.entities.values();
        let entities = entities.map(|entity| (&entity.collection, Content::Entities(entity)));
        fields.chain(entities)
    }

    /// What stands under one of these names.
    pub fn member(&self, name: &str) -> Option<Content<'_>> {
        let field = self.fields.get(name).map(Content::Field);
        field.or_else(|| self.collection(name).map(Content::Entities))
    }
}

impl Event {
    /// What stands under each of its names, in order; `aggregate` is the one it is of.
    pub fn members<'a>(
        &'a self,
        aggregate: &'a Aggregate,
    ) -> impl Iterator<Item = (&'a Ident, Content<'a>)> + Clone {
        let names = self.fields.keys();
        names.filter_map(|name| Some((name, self.member(aggregate, name.as_str())?)))
    }

    /// What stands under one of its names.
    pub fn member<'a>(&'a self, aggregate: &'a Aggregate, name: &str) -> Option<Content<'a>> {
        Some(match self.fields.get(name)? {
            EventField::Field => Content::Field(aggregate.fields.get(name)?),
            EventField::Own(field) | EventField::Certain(field) => Content::Field(field),
            EventField::Collection(entity) => Content::Entities(aggregate.entities.get(entity)?),
        })
    }
}

impl Command {
    /// What each of its inputs takes, in order; `aggregate` is the one it is on.
    pub fn inputs<'a>(
        &'a self,
        aggregate: &'a Aggregate,
    ) -> impl Iterator<Item = Input<'a>> + Clone {
        let inputs = self.input.values();
        inputs.filter_map(|input| {
            Some(Input {
                name: &input.name,
                content: input.content(aggregate)?,
                presence: self.presence(aggregate, input),
                default: input.default(),
                own: matches!(input.source, InputSource::Own(_)),
            })
        })
    }

    /// What its decision works out for the aggregate that it creates: members that it sets, and that
    /// nothing else gives.
    pub fn worked_out<'a>(
        &'a self,
        aggregate: &'a Aggregate,
    ) -> impl Iterator<Item = (&'a Ident, Content<'a>)> + Clone {
        let sets = self.sets.iter();
        let members = sets.filter_map(|name| Some((name, aggregate.member(name)?)));
        members.filter(|(_, content)| {
            let field = content.field();
            let may_lack = field.is_some_and(|it| it.optional || it.default.is_some());
            self.change == Change::Creates && !may_lack
        })
    }

    /// Whether its caller always brings this member of its aggregate.
    pub fn brings(&self, member: &Ident) -> bool {
        let input = self.input.get(member);
        input.is_some_and(|it| !it.optional && !matches!(it.source, InputSource::Own(_)))
    }

    /// Whether a value that a need of it is found by may be absent.
    pub fn may_lack(&self, aggregate: &Aggregate, fill: &Fill) -> bool {
        match &fill.source {
            Source::Input(name) => self.input.get(name).is_some_and(|input| {
                let presence = self.presence(aggregate, input);
                matches!(presence, Presence::Optional | Presence::Clearable)
            }),
            Source::AggregateField(name) => {
                let field = aggregate.fields.get(name);
                field.is_some_and(|field| field.optional)
            }
            _ => false,
        }
    }

    /// The input of its own that an event's own field is filled from.
    pub fn source_of(&self, field: &Field) -> Option<&InputField> {
        let is_same = |input: &&InputField| match &input.source {
            InputSource::Own(own) => own.ty == field.ty && own.list == field.list,
            _ => false,
        };
        let input = self.input.get(&field.name).filter(is_same);
        input.filter(|input| field.optional || !input.optional)
    }
}

impl InputField {
    /// What it takes; `aggregate` is the one that its command is on.
    pub fn content<'a>(&'a self, aggregate: &'a Aggregate) -> Option<Content<'a>> {
        Some(match &self.source {
            InputSource::Field => Content::Field(aggregate.fields.get(&self.name)?),
            InputSource::Own(field) => Content::Field(field),
            InputSource::Collection(entity) => Content::Entities(aggregate.entities.get(entity)?),
        })
    }
}
