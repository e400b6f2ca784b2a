//! What a declaration says about itself: from this the JSON Schema and the reference page are made.

/// The shape of a value.
#[derive(Debug, Clone)]
pub enum Shape {
    /// A value of any type but a date or time.
    Any,
    /// True or false.
    Bool,
    /// An integer within bounds.
    Integer {
        /// The least one.
        min: i64,
        /// The greatest one.
        max: i64,
    },
    /// Any number.
    Number,
    /// A string.
    Text {
        /// What it says, with its article: `a name`.
        what: &'static str,
        /// A regular expression it matches.
        pattern: Option<&'static str>,
    },
    /// One of some words.
    Choice(&'static [Word]),
    /// A list.
    List(Box<Shape>),
    /// One value, or a list of them.
    OneOrMany(Box<Shape>),
    /// A table whose keys are names of the user's.
    Map(Box<Shape>),
    /// A table with keys of the language's.
    Table(fn() -> TableShape),
    /// One of several shapes.
    Either(Vec<Shape>),
}

/// A word of a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// As written.
    pub word: &'static str,
    /// What it means.
    pub doc: &'static str,
}

/// The shape of a table with keys of the language's.
#[derive(Debug, Clone)]
pub struct TableShape {
    /// What the table is called.
    pub name: &'static str,
    /// What it means.
    pub doc: String,
    /// Its keys, in order.
    pub keys: Vec<KeyShape>,
}

/// A key of a table.
#[derive(Debug, Clone)]
pub struct KeyShape {
    /// As written.
    pub name: &'static str,
    /// What it means.
    pub doc: String,
    /// Whether it may not be left out.
    pub required: bool,
    /// What it is when left out, in words.
    pub default: Option<&'static str>,
    /// What it holds.
    pub shape: Shape,
}

impl Shape {
    /// Any text, called `what`.
    pub const fn text(what: &'static str) -> Self {
        Self::Text {
            what,
            pattern: None,
        }
    }

    /// The shape in words, as errors put it: what is inside of it does not matter there.
    pub fn words(&self) -> String {
        match self {
            Self::List(_) => "a list".to_owned(),
            Self::Map(_) => "a table".to_owned(),
            Self::Either(shapes) => one_of(&shapes.iter().map(Self::words).collect::<Vec<_>>()),
            Self::OneOrMany(of) => format!("{}, or a list of such", of.words()),
            _ => self.words_with(&|_| "a table".to_owned()),
        }
    }

    /// The shape in words, with a way to name the tables.
    pub fn words_with(&self, name: &dyn Fn(&TableShape) -> String) -> String {
        match self {
            Self::Any => "a string, number, boolean, list or table".to_owned(),
            Self::Bool => "`true` or `false`".to_owned(),
            Self::Integer { min, max } => integer_words(*min, *max),
            Self::Number => "a number".to_owned(),
            Self::Text { what, .. } => (*what).to_owned(),
            Self::Choice(words) => {
                let words = words.iter().map(|word| format!("`\"{}\"`", word.word));
                one_of(&words.collect::<Vec<_>>())
            }
            Self::List(of) => format!("a list, each {}", of.words_with(name)),
            Self::OneOrMany(of) => format!("{}, or a list of such", of.words_with(name)),
            Self::Map(of) => format!("a table by name, each {}", of.words_with(name)),
            Self::Table(table) => name(&table()),
            Self::Either(shapes) => {
                let shapes = shapes.iter().map(|shape| shape.words_with(name));
                one_of(&shapes.collect::<Vec<_>>())
            }
        }
    }
}

fn integer_words(min: i64, max: i64) -> String {
    // Bounds that are only those of a machine word are nothing to tell people of.
    match (min, max) {
        (i64::MIN, i64::MAX) => "an integer".to_owned(),
        (min, max) if max >= i64::from(u32::MAX) => format!("an integer of at least {min}"),
        (min, max) => format!("an integer from {min} to {max}"),
    }
}

/// `a`, `a or b`, `a, b or c`.
fn one_of(words: &[String]) -> String {
    match words {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// What the language calls the table that the type `name` reads.
pub(super) fn title(name: &'static str) -> &'static str {
    let name = name.strip_prefix("Raw").unwrap_or(name);
    name.strip_suffix("Table")
        .or(name.strip_suffix("Keys"))
        .unwrap_or(name)
}

/// The lines of a doc comment as one text, without the space rustdoc puts first.
pub(super) fn doc(lines: &[&str]) -> String {
    let lines: Vec<_> = lines
        .iter()
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    lines.join("\n")
}
