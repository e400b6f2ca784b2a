//! Commands: what may be asked of a context.

use indexmap::IndexMap;

use super::{Aggregate, Default, Field, Fill, Ident, StateName, TypeName};

/// A command.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// Its name.
    pub name: TypeName,
    /// What the description says of it.
    pub doc: Option<String>,
    /// Why it should no longer be used.
    pub deprecated: Option<String>,
    /// What it was called before.
    pub renamed_from: Option<String>,
    /// What it does to which aggregate.
    pub change: Change,
    /// The aggregate it changes.
    pub aggregate: TypeName,
    /// What the caller sends, in order: fields and collections of the aggregate first, then `own`.
    pub input: IndexMap<Ident, InputField>,
    /// The statuses it is allowed in and the one it leads to.
    pub transition: Option<Transition>,
    /// Members of the aggregate the decision may change besides its input.
    pub sets: Vec<Ident>,
    /// What the decision may look at.
    pub needs: IndexMap<Ident, Need>,
    /// Business refusals, in order.
    pub refuses: Vec<Refusal>,
    /// What it emits, in order.
    pub emits: Vec<Emission>,
    /// The roles that may call it; `None`: any caller that is known.
    pub allow: Option<Vec<String>>,
    /// Whether it has an HTTP route.
    pub http: bool,
    /// The path the description gives instead of the derived one, without its leading slash.
    pub path: Option<String>,
}

/// What a command does to its aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Makes a new one.
    Creates,
    /// Changes one that exists.
    Updates,
    /// Deletes one that exists.
    Deletes,
}

/// A field of a command's input.
#[derive(Debug, Clone, PartialEq)]
pub struct InputField {
    /// Its name.
    pub name: Ident,
    /// Whether the decision may lack it.
    pub optional: bool,
    /// Where its type comes from.
    pub source: InputSource,
}

/// What it says that an input is left out, or `null`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It has to be there.
    Required,
    /// Nothing: whoever creates may leave it out, and so may whoever gives what is the command's own.
    Optional,
    /// Its default: what a command takes of its own has one way to be there.
    Defaulted,
    /// Left out, the member stays as it is; `null` is refused, since the aggregate needs the member.
    Kept,
    /// Left out, the member stays as it is; `null` clears it (RFC 7396).
    Clearable,
}

/// Where the type of an input comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum InputSource {
    /// The aggregate's field of the same name.
    Field,
    /// The aggregate's collection of the same name: a list of the named entity, without ids.
    Collection(TypeName),
    /// The command's own.
    Own(Box<Field>),
}

/// `transition`: the guard on the status, and the status afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The statuses the command is allowed in; never empty.
    pub from: Vec<StateName>,
    /// The status afterwards.
    pub to: Step,
}

/// The status after a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// As it was: the transition is a guard only.
    Stay,
    /// Always this one.
    To(StateName),
    /// The one of the event that was emitted; events that are not named leave it as it was.
    ByEvent(IndexMap<TypeName, StateName>),
}

/// Something a decision may look at.
#[derive(Debug, Clone, PartialEq)]
pub struct Need {
    /// The member of the needs it arrives in.
    pub name: Ident,
    /// What it is.
    pub kind: NeedKind,
}

/// The kinds of needs.
#[derive(Debug, Clone, PartialEq)]
pub enum NeedKind {
    /// A replica of this context, by the id that `key` gives.
    Replica {
        /// The replica.
        replica: TypeName,
        /// Where the id comes from.
        key: Fill,
    },
    /// Another aggregate of this context, by the id that `key` gives.
    Aggregate {
        /// The aggregate.
        aggregate: TypeName,
        /// Where the id comes from.
        key: Fill,
    },
    /// What a query of this context answers.
    Query {
        /// The query.
        query: TypeName,
        /// Where each of its parameters comes from, by parameter.
        with: IndexMap<Ident, Fill>,
    },
    /// A synchronous call (not generated yet).
    Call {
        /// The call.
        call: Ident,
    },
    /// A flag (not generated yet).
    Flag {
        /// The flag.
        flag: Ident,
    },
}

/// A business refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its name.
    pub name: Ident,
    /// What the description says of it.
    pub doc: Option<String>,
    /// The status of its answer by HTTP.
    pub http: u16,
}

impl Refusal {
    /// The status of one that names none: things are not so that it could be done.
    pub const CONFLICT: u16 = 409;
    /// The statuses that a business reason can have: the others of 4xx speak of HTTP itself, and some
    /// oblige whoever answers so to say more (401, 405, 426).
    pub const STATUSES: [u16; 10] = [400, 402, 403, 404, 409, 410, 422, 423, 429, 451];
}

/// What a command emits, one place of its `emits`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Emission {
    /// This event, always.
    Always(TypeName),
    /// This event or none.
    Optional(TypeName),
    /// Exactly one of these.
    OneOf(Vec<TypeName>),
}

impl Emission {
    /// The events that can be emitted at this place.
    pub fn events(&self) -> Vec<&TypeName> {
        match self {
            Self::Always(event) | Self::Optional(event) => vec![event],
            Self::OneOf(events) => events.iter().collect(),
        }
    }
}

impl From<bool> for Presence {
    /// Of what is optional, or not.
    fn from(optional: bool) -> Self {
        match optional {
            true => Self::Optional,
            false => Self::Required,
        }
    }
}

impl InputField {
    /// What an input of the command's own is where the caller leaves it out.
    pub fn default(&self) -> Option<&Default> {
        match &self.source {
            InputSource::Own(field) => field.default.as_ref(),
            InputSource::Field | InputSource::Collection(_) => None,
        }
    }

    /// Whether the caller may leave it out.
    pub fn may_be_left_out(&self) -> bool {
        self.optional || self.default().is_some()
    }
}

impl Command {
    /// What it says that one of its inputs is left out; `aggregate` is the one it is on.
    pub fn presence(&self, aggregate: &Aggregate, input: &InputField) -> Presence {
        let own = matches!(input.source, InputSource::Own(_));
        if input.default().is_some() {
            return Presence::Defaulted;
        }
        if !input.optional || own || self.change != Change::Updates {
            return input.optional.into();
        }
        let field = aggregate.fields.get(&input.name);
        match field.is_some_and(|field| field.optional) {
            true => Presence::Clearable,
            false => Presence::Kept,
        }
    }

    /// The fields of its aggregate that it may clear, in the order of its input.
    pub fn clearable<'a>(&self, aggregate: &'a Aggregate) -> impl Iterator<Item = &'a Field> {
        let inputs = self.input.values();
        inputs
            .filter(|input| self.presence(aggregate, input) == Presence::Clearable)
            .filter_map(|input| aggregate.fields.get(&input.name))
    }

    /// Every event it can emit, in order.
    pub fn events(&self) -> Vec<&TypeName> {
        self.emits.iter().flat_map(Emission::events).collect()
    }

    /// The events of which one is the first that it emits.
    pub fn first_events(&self) -> impl Iterator<Item = &TypeName> {
        let is_optional = |it: &&Emission| matches!(it, Emission::Optional(_));
        let optional = self.emits.iter().take_while(is_optional).count();
        self.emits
            .iter()
            .take(optional + 1)
            .flat_map(Emission::events)
    }

    /// The contexts whose commands or queries it calls synchronously.
    pub fn calls(&self) -> Vec<&Ident> {
        self.needs
            .values()
            .filter_map(|need| match &need.kind {
                NeedKind::Call { call } => Some(call),
                _ => None,
            })
            .collect()
    }
}
