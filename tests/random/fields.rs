//! Random fields: every type and what may be said of it, each with a value that is allowed.

use cargo_microdb::model::derived;
use heck::ToShoutySnakeCase;
use toml::{Table, Value};

use super::names::{Names, Style};
use super::rng::Rng;
use super::words::{self, PLAIN, RUNTIME, RUST, SQL};

/// The type of a field, as far as others must know it.
#[derive(Debug, Clone, PartialEq)]
pub enum Ty {
    /// One of the language's own, or a declared one, as it is spelled.
    Named(String),
    /// An enum of the field's own.
    Inline,
    /// A reference, to an aggregate of this context or of another one.
    Reference(String, String),
    /// A reference to an entity.
    Entity(String),
}

/// A field, and how it is written.
#[derive(Debug, Clone)]
pub struct Field {
    pub name: String,
    pub ty: Ty,
    pub optional: bool,
    pub list: bool,
    pub default: bool,
    pub hidden: bool,
    pub unique: bool,
    pub written: Table,
    /// A value it may have.
    pub example: Option<Value>,
}

impl Field {
    /// Whether somebody must give it a value.
    pub fn is_required(&self) -> bool {
        let least = self.written.get("min_length");
        let may_be_empty = self.list && least.is_none_or(|least| least.as_integer() == Some(0));
        !self.optional && !may_be_empty && !self.default
    }

    /// Whether values of it have an order.
    pub fn is_ordered(&self) -> bool {
        let unordered = ["bool", "uuid", "bytes", "json"];
        matches!(&self.ty, Ty::Named(name) if is_scalar(name) && !unordered.contains(&name.as_str()))
            && !self.list
    }

    /// Whether an index can tell values of it equal.
    pub fn is_comparable(&self, enums: &[String]) -> bool {
        let simple = match &self.ty {
            Ty::Named(name) if is_scalar(name) => !["json", "bytes"].contains(&name.as_str()),
            Ty::Named(name) => enums.contains(name),
            _ => true,
        };
        simple && !self.list
    }

    /// Its declaration: short where nothing else is said and chance has it.
    pub fn value(&self) -> Value {
        match self.written.get("type") {
            Some(Value::String(ty))
                if self.written.len() == 1 && self.name.len().is_multiple_of(2) =>
            {
                Value::String(ty.clone())
            }
            _ => Value::Table(self.written.clone()),
        }
    }
}

fn is_scalar(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
}

/// What fields may be of.
#[derive(Debug, Clone, Default)]
pub struct Types {
    /// Enums, by name, with a value of each.
    pub enums: Vec<(String, String)>,
    /// Value objects, by name, with a value of each when its fields have one.
    pub values: Vec<(String, Option<Value>)>,
    /// Aggregates that may be referred to: context and name.
    pub aggregates: Vec<(String, String)>,
    /// The context that this is.
    pub home: String,
    /// Entities of the aggregate at hand.
    pub entities: Vec<String>,
}

impl Types {
    /// The names of the enums.
    pub fn enum_names(&self) -> Vec<String> {
        self.enums.iter().map(|(name, _)| name.clone()).collect()
    }
}

/// What has the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Aggregate,
    Entity,
    Value,
    Own,
}

/// Makes fields of one owner.
pub struct Fields<'g> {
    pub rng: &'g mut Rng,
    pub style: Style,
    pub types: &'g Types,
    /// The names of types in its context.
    pub declared: &'g mut Names,
    pub owner: &'g str,
    pub place: Place,
}

impl Fields<'_> {
    /// So many fields; `taken` are names they cannot have.
    pub fn some(&mut self, count: usize, taken: &mut Names) -> Vec<Field> {
        (0..count).map(|_| self.one(taken)).collect()
    }

    fn one(&mut self, taken: &mut Names) -> Field {
        let name = taken.member(self.rng, self.style);
        let mut field = match self.rng.below(10) {
            0 | 1 if !self.types.aggregates.is_empty() => self.reference(),
            2 if !self.types.entities.is_empty() => self.entity(),
            3 if !self.types.enums.is_empty() => self.declared_enum(),
            4 if !self.types.values.is_empty() => self.value_object(),
            5 => self.inline(&name),
            _ => self.scalar(),
        };
        field.name = name;
        self.finish(&mut field);
        field
    }

    fn reference(&mut self) -> Field {
        let (context, name) = self.rng.pick(&self.types.aggregates).clone();
        self.reference_to(context, name)
    }

    /// A reference to this aggregate.
    pub fn reference_to(&mut self, context: String, name: String) -> Field {
        // Within the context both spellings mean the same.
        let path = match context == self.types.home && self.rng.chance(70) {
            true => name.clone(),
            false => format!("{context}.{name}"),
        };
        field(Ty::Reference(context, name), [("ref", path.into())], None)
    }

    fn entity(&mut self) -> Field {
        let name = self.rng.pick(&self.types.entities).clone();
        let mut made = field(Ty::Entity(name.clone()), [("ref", name.into())], None);
        // No entity has an id before its aggregate is made.
        if self.place == Place::Aggregate {
            made.optional = true;
            made.written.insert("optional".to_owned(), true.into());
        }
        made
    }

    fn declared_enum(&mut self) -> Field {
        let (name, value) = self.rng.pick(&self.types.enums).clone();
        field(
            Ty::Named(name.clone()),
            [("type", name.into())],
            Some(value.into()),
        )
    }

    fn value_object(&mut self) -> Field {
        let (name, value) = self.rng.pick(&self.types.values).clone();
        field(Ty::Named(name.clone()), [("type", name.into())], value)
    }

    fn inline(&mut self, name: &str) -> Field {
        if !self.declared.take(&derived::inline_enum(self.owner, name)) {
            return self.scalar();
        }
        let values = enum_values(self.rng, self.style);
        let example = values[self.rng.below(values.len())].clone();
        let written = words_of(self.rng, &values);
        field(Ty::Inline, [("enum", written)], Some(example.into()))
    }

    fn scalar(&mut self) -> Field {
        let rng = &mut *self.rng;
        match rng.below(12) {
            0 => text(rng, "string"),
            1 => text(rng, "text"),
            2 => plain("bool", rng.chance(50)),
            3 => int(rng),
            4 => float(rng),
            5 => decimal(rng),
            6 => plain("uuid", "01890a5d-ac96-774b-bcce-b302099a8057"),
            7 => bounded(rng, "date", ["2024-02-29", "2025-01-01", "2026-12-31"]),
            8 => bounded(
                rng,
                "timestamp",
                [
                    "2024-02-29T00:00:00Z",
                    "2025-01-01T12:00:00.5+02:00",
                    "2026-12-31T23:59:59Z",
                ],
            ),
            9 => bounded(rng, "duration", ["1s", "90m", "36h"]),
            10 => bytes(rng),
            _ => json(rng),
        }
    }

    /// Lists, options, defaults, and the keys that any field may have.
    fn finish(&mut self, field: &mut Field) {
        let rng = &mut *self.rng;
        if !field.optional && rng.chance(20) {
            // Lengths of a list are those of its elements' number.
            for key in ["min_length", "max_length"] {
                field.written.remove(key);
            }
            field.list = true;
            field.written.insert("list".to_owned(), true.into());
            if rng.chance(20) {
                field.written.insert("min_length".to_owned(), 1.into());
            }
            field.example = field.example.take().map(|one| Value::Array(vec![one]));
        }
        if !field.optional && rng.chance(25) {
            field.optional = true;
            field.written.insert("optional".to_owned(), true.into());
        }
        if let Some(example) = field.example.clone().filter(|_| rng.chance(25)) {
            field.default = true;
            let now = match field.written.get("type").and_then(Value::as_str) {
                _ if field.list || rng.chance(50) => None,
                Some("timestamp") => Some("now"),
                Some("date") => Some("today"),
                _ => None,
            };
            let default = now.map_or(example, Value::from);
            field.written.insert("default".to_owned(), default);
        }
        let key = |field: &mut Field, key: &str| {
            field.written.insert(key.to_owned(), true.into());
        };
        let indexable = field.is_comparable(&self.types.enum_names())
            || matches!(&field.ty, Ty::Named(name) if name == "bytes") && !field.list;
        if indexable && self.place == Place::Aggregate && rng.chance(12) {
            field.unique = true;
            key(field, "unique");
        }
        if indexable && matches!(self.place, Place::Aggregate | Place::Entity) && rng.chance(8) {
            key(field, "index");
        }
        if rng.chance(8) {
            field.hidden = true;
            key(field, "hidden");
        }
        if rng.chance(8) {
            key(field, "pii");
        }
        about(rng, &mut field.written);
    }
}

/// What a thing says of itself, now and then.
pub fn about(rng: &mut Rng, table: &mut Table) {
    if rng.chance(20) {
        table.insert("doc".to_owned(), (*rng.pick(words::DOCS)).into());
    }
    if rng.chance(5) {
        let reason = match rng.chance(50) {
            true => Value::Boolean(true),
            false => (*rng.pick(words::DOCS)).into(),
        };
        table.insert("deprecated".to_owned(), reason);
    }
    if rng.chance(3) {
        table.insert("renamed_from".to_owned(), "what_it_was".into());
    }
}

/// Some values of an enum, in any case the language allows.
pub fn enum_values(rng: &mut Rng, style: Style) -> Vec<String> {
    let mut names = Names::default();
    (0..rng.from(1, 4))
        .map(|_| {
            let word = names.member(rng, style);
            match rng.below(4) {
                0 => word.to_shouty_snake_case(),
                1 => word.replace('_', "-"),
                _ => word,
            }
        })
        .collect()
}

/// Words of a list, some in their long form.
pub fn words_of(rng: &mut Rng, words: &[String]) -> Value {
    let words = words.iter().map(|word| {
        let mut about = Table::new();
        self::about(rng, &mut about);
        if about.is_empty() {
            return Value::from(word.clone());
        }
        about.insert("name".to_owned(), word.clone().into());
        Value::Table(about)
    });
    Value::Array(words.collect())
}

fn field<const N: usize>(ty: Ty, written: [(&str, Value); N], example: Option<Value>) -> Field {
    Field {
        name: String::new(),
        ty,
        optional: false,
        list: false,
        default: false,
        hidden: false,
        unique: false,
        written: written
            .map(|(key, value)| (key.to_owned(), value))
            .into_iter()
            .collect(),
        example,
    }
}

fn plain(ty: &str, example: impl Into<Value>) -> Field {
    field(
        Ty::Named(ty.to_owned()),
        [("type", ty.into())],
        Some(example.into()),
    )
}

fn put(field: &mut Field, key: &str, value: impl Into<Value>) {
    field.written.insert(key.to_owned(), value.into());
}

fn text(rng: &mut Rng, ty: &str) -> Field {
    let patterns = [
        ("^[A-Z]{2}$", "DE"),
        ("[a-z]+", "abc"),
        ("(a|b)c?", "ac"),
        (r"\d{3}-\d{2}", "123-45"),
        (r"[^@\s]+@[^@\s]+", "a@b"),
        ("\"\\\\/{2}", "\"\\//"),
        ("^x{1,3}|y.*$", "xx"),
    ];
    match rng.below(5) {
        0 => {
            let (pattern, example) = *rng.pick(&patterns);
            let mut made = plain(ty, example);
            put(&mut made, "pattern", pattern);
            made
        }
        1 => {
            let (pattern, example) = ("[a-z]*", "abcdefghijkl");
            let mut made = plain(ty, example);
            put(&mut made, "pattern", pattern);
            put(&mut made, "min_length", 5);
            put(&mut made, "max_length", 12);
            made
        }
        2 => {
            let length = rng.from(1, 40);
            let example: String = "x🙂".chars().cycle().take(length).collect();
            let mut made = plain(ty, example);
            put(&mut made, "max_length", length as i64);
            if rng.chance(50) {
                put(&mut made, "min_length", length as i64);
            }
            made
        }
        3 => plain(ty, *rng.pick(words::DOCS)),
        _ => {
            let of = *rng.pick(&[PLAIN, RUST, SQL, RUNTIME]);
            plain(ty, *rng.pick(of))
        }
    }
}

fn int(rng: &mut Rng) -> Field {
    let example = *rng.pick(&[0, 1, -1, 42, 1_000_000_007, i64::MAX, i64::MIN]);
    let mut made = plain("int", example);
    match rng.below(5) {
        0 => put(&mut made, "min", example),
        1 => put(&mut made, "max", example),
        2 => {
            put(&mut made, "min", example);
            put(&mut made, "max", example);
        }
        3 if example != i64::MIN => put(&mut made, "exclusive_min", example - 1),
        _ => {}
    }
    made
}

fn float(rng: &mut Rng) -> Field {
    let example = *rng.pick(&[0.0, -1.5, 3.25, 1e300, -1e300, 1e-7]);
    let mut made = plain("float", example);
    match rng.below(4) {
        0 => put(&mut made, "min", example),
        1 => put(&mut made, "max", example),
        2 if example < 1e10 && example > -1e10 => put(&mut made, "exclusive_min", example - 0.25),
        _ => {}
    }
    made
}

fn decimal(rng: &mut Rng) -> Field {
    let (ty, values) = *rng.pick(&[
        ("decimal(18,2)", ["-1.50", "0.25", "99.99"]),
        ("decimal(1,1)", ["0.1", "0.5", "0.9"]),
        ("decimal(28,0)", ["-5", "7", "9999999999999999999999999999"]),
        (
            "decimal(28,28)",
            ["0.0000000000000000000000000001", "0.5", "0.75"],
        ),
        ("decimal(3,0)", ["0", "10", "999"]),
        ("decimal(6,3)", ["100.001", "100.002", "100.5"]),
    ]);
    bounded(rng, ty, values)
}

/// A type with an order: the middle value is the example, the outer ones are bounds.
fn bounded(rng: &mut Rng, ty: &str, [low, middle, high]: [&str; 3]) -> Field {
    let mut made = plain(ty, middle);
    match rng.below(5) {
        0 => put(&mut made, "min", low),
        1 => put(&mut made, "max", high),
        2 => {
            put(&mut made, "min", low);
            put(&mut made, "max", high);
        }
        3 => {
            put(&mut made, "exclusive_min", low);
            if rng.chance(50) {
                put(&mut made, "max", middle);
            }
        }
        _ => {}
    }
    made
}

fn bytes(rng: &mut Rng) -> Field {
    let mut made = plain("bytes", "aGVsbG8=");
    if rng.chance(50) {
        put(&mut made, "max_length", rng.from(5, 600) as i64);
    }
    if rng.chance(30) {
        put(&mut made, "min_length", rng.from(1, 5) as i64);
    }
    made
}

fn json(rng: &mut Rng) -> Field {
    let object: Table = [
        ("a \"key\"".to_owned(), Value::from(1.5)),
        ("b".to_owned(), false.into()),
    ]
    .into_iter()
    .collect();
    let example = rng
        .pick(&[
            Value::Table(object),
            Value::from("te\"xt"),
            Value::Array(vec![1.into(), "two".into()]),
        ])
        .clone();
    field(
        Ty::Named("json".to_owned()),
        [("type", "json".into())],
        Some(example),
    )
}
