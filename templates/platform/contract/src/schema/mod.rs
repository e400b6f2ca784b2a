//! What the generated code says of its data, as constants: enough for an engine to store it and
//! for one function to validate it.

mod canonical;
mod check;
mod complete;
pub mod decimal;
mod form;
pub mod personal;
mod rules;

pub use canonical::{canonical, canonical_value};
pub use check::{Violation, check, reference_token};
pub use complete::{complete, complete_stored, has_times_by_default};

/// An aggregate, or a projection of one: a table, and a table per collection.
#[derive(Debug)]
pub struct Schema {
    /// The kind of aggregate in snake case (`loan`); the handler's id for a projection.
    pub name: &'static str,
    /// The table (or collection of documents) of the root.
    pub table: &'static str,
    /// The root's own members, `status` among them; not `id`, `version`, `created_at`, `updated_at`.
    pub columns: &'static [Column],
    /// The entities inside.
    pub collections: &'static [Collection],
    /// Unique constraints over live rows.
    pub unique: &'static [Unique],
    /// Tables of the same service whose columns reference this one, for `still_referenced`.
    pub referenced_by: &'static [Referrer],
    /// The member by which an engine may divide the rows among shards: required, never changed, and
    /// part of every unique constraint. `None`: the id.
    pub shard_by: Option<&'static str>,
    /// Whether rows are kept per generation (projections) or once (aggregates).
    pub generations: bool,
}

/// A list of entities inside an aggregate: rows `(_parent, _position, id, …columns)`.
#[derive(Debug)]
pub struct Collection {
    /// The member of the root that holds it.
    pub member: &'static str,
    /// Its table.
    pub table: &'static str,
    /// The entity's own members, not its `id`.
    pub columns: &'static [Column],
}

/// A member that is stored.
#[derive(Debug)]
pub struct Column {
    /// The member's name in JSON, and the column's.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whether it may be absent.
    pub optional: bool,
    /// What `null` says of it.
    pub null: Null,
    /// Whether it is a list of `kind`.
    pub list: bool,
    /// The table of the same service whose `id` it names.
    pub references: Option<&'static str>,
    /// What stands for it where it is left out of what is made.
    pub default: Option<DefaultValue>,
    /// Whether it is left out of every answer and log.
    pub hidden: bool,
    /// Whether it is personal data: nothing prints it, and nothing keeps it once its aggregate is deleted.
    pub pii: bool,
    /// What its values must satisfy.
    pub rules: Rules,
}

/// What stands for a member that is left out of what is made: a value object, an entity, the input of a
/// command.
#[derive(Debug, Clone, Copy)]
pub enum DefaultValue {
    /// This value, in JSON.
    Json(&'static str),
    /// The time of the command.
    Now,
    /// The day of the command, in UTC.
    Today,
}

/// What `null` says of a member that may be absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Null {
    /// What its absence says.
    Absent,
    /// Absence keeps what is stored, `null` clears it.
    Clears,
    /// Absence keeps what is stored, which cannot be cleared: `null` is refused.
    Refused,
}

/// The types of values; each has one JSON form, and the same order on every engine.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Text, ordered by code point.
    Text,
    /// True or false.
    Bool,
    /// A signed integer of 64 bit.
    Int,
    /// A binary64, never NaN or infinite.
    Float,
    /// An exact decimal of so many digits in all and after the point; a string in JSON.
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// A UUID, in its hyphenated lower case form.
    Uuid,
    /// A calendar date, `2026-01-31`.
    Date,
    /// An instant in UTC with six digits of the second, `2026-01-31T12:00:00.000000Z`.
    Timestamp,
    /// A span of time in ISO 8601, `PT1H30M`.
    Duration,
    /// Bytes; base64 in JSON.
    Bytes,
    /// Any JSON value.
    Json,
    /// One of these texts.
    Enum(&'static [&'static str]),
    /// A value object with these members; an object in JSON.
    Value(&'static [Column]),
}

/// Constraints of a member; each holds for the kinds that have it.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// The least value, in the JSON form of the kind (as text for numbers too).
    pub min: Option<&'static str>,
    /// The greatest value.
    pub max: Option<&'static str>,
    /// A bound that values must exceed.
    pub exclusive_min: Option<&'static str>,
    /// The least number of characters, bytes or elements.
    pub min_length: Option<u64>,
    /// The greatest number of characters, bytes or elements.
    pub max_length: Option<u64>,
    /// A regular expression the whole text must match.
    pub pattern: Option<&'static str>,
    /// Whether no two elements of the list may have one `id`.
    pub distinct_ids: bool,
}

/// A unique constraint.
#[derive(Debug)]
pub struct Unique {
    /// The name of the refusal without `_taken`, and of the index.
    pub name: &'static str,
    /// The members, in order.
    pub members: &'static [&'static str],
}

/// A column elsewhere that references the rows of a table.
#[derive(Debug)]
pub struct Referrer {
    /// The other table.
    pub table: &'static str,
    /// Its column.
    pub column: &'static str,
}

impl Schema {
    /// The column of the member that decides the shard, where one does besides the id.
    pub fn shard(&self) -> Option<&'static Column> {
        let shard = self.shard_by?;
        self.columns.iter().find(|column| column.name == shard)
    }

    /// The column of a table that names the aggregate which its rows belong to, where they are rows of
    /// such aggregates, or of entities inside.
    pub fn owner_in(&self, table: &str) -> Option<&'static str> {
        let mut collections = self.collections.iter();
        match self.table == table {
            true => Some("id"),
            false => collections
                .any(|collection| collection.table == table)
                .then_some("_parent"),
        }
    }
}

impl Rules {
    /// No constraint.
    pub const NONE: Self = Self {
        min: None,
        max: None,
        exclusive_min: None,
        min_length: None,
        max_length: None,
        pattern: None,
        distinct_ids: false,
    };
}

impl Column {
    /// A required member without constraints; the methods change the rest.
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            optional: false,
            null: Null::Absent,
            list: false,
            references: None,
            default: None,
            hidden: false,
            pii: false,
            rules: Rules::NONE,
        }
    }

    /// The same, and may be absent.
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// The same in an update, where absence keeps what is stored and `null` clears it.
    pub const fn clearable(mut self) -> Self {
        self.optional = true;
        self.null = Null::Clears;
        self
    }

    /// The same in an update, where absence keeps what is stored and `null` is refused.
    pub const fn kept(mut self) -> Self {
        self.optional = true;
        self.null = Null::Refused;
        self
    }

    /// The same, this value (in JSON) where it is left out.
    pub const fn default_json(mut self, value: &'static str) -> Self {
        self.default = Some(DefaultValue::Json(value));
        self
    }

    /// The same, the time of the command where it is left out.
    pub const fn default_now(mut self) -> Self {
        self.default = Some(DefaultValue::Now);
        self
    }

    /// The same, the day of the command where it is left out.
    pub const fn default_today(mut self) -> Self {
        self.default = Some(DefaultValue::Today);
        self
    }

    /// The same, as a list.
    pub const fn list(mut self) -> Self {
        self.list = true;
        self
    }

    /// The same, naming rows of `table`.
    pub const fn references(mut self, table: &'static str) -> Self {
        self.references = Some(table);
        self
    }

    /// The same, left out of answers.
    pub const fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// The same, personal data.
    pub const fn pii(mut self) -> Self {
        self.pii = true;
        self
    }

    /// The same, at least this value.
    pub const fn min(mut self, value: &'static str) -> Self {
        self.rules.min = Some(value);
        self
    }

    /// The same, at most this value.
    pub const fn max(mut self, value: &'static str) -> Self {
        self.rules.max = Some(value);
        self
    }

    /// The same, above this value.
    pub const fn exclusive_min(mut self, value: &'static str) -> Self {
        self.rules.exclusive_min = Some(value);
        self
    }

    /// The same, at least so many characters, bytes or elements.
    pub const fn min_length(mut self, length: u64) -> Self {
        self.rules.min_length = Some(length);
        self
    }

    /// The same, at most so many characters, bytes or elements.
    pub const fn max_length(mut self, length: u64) -> Self {
        self.rules.max_length = Some(length);
        self
    }

    /// The same, a list of entities: no two of them have one `id`.
    pub const fn distinct_ids(mut self) -> Self {
        self.rules.distinct_ids = true;
        self
    }

    /// The same, matched as a whole by a regular expression.
    pub const fn pattern(mut self, pattern: &'static str) -> Self {
        self.rules.pattern = Some(pattern);
        self
    }
}

impl Kind {
    /// An exact decimal of so many digits in all and after the point.
    pub const fn decimal(precision: u8, scale: u8) -> Self {
        Self::Decimal { precision, scale }
    }
}
