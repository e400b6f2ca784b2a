//! Names that nothing else has, drawn from words that are hard on whoever writes them down.

use std::collections::HashSet;

use cargo_microdb::model::derived;
use heck::{ToKebabCase, ToUpperCamelCase};

use super::rng::Rng;
use super::words::{PLAIN, RUNTIME, RUST, SQL};

/// What kind of words names are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    Rust,
    Sql,
    Runtime,
    /// As long as a name may be.
    Long,
}

/// Every style.
pub const STYLES: [Style; 5] = [
    Style::Plain,
    Style::Rust,
    Style::Sql,
    Style::Runtime,
    Style::Long,
];

const LONGEST: usize = 60;

/// The names that are taken somewhere, as code has them.
#[derive(Debug, Clone, Default)]
pub struct Names(HashSet<String>);

impl Names {
    /// Takes a name; false when it is taken.
    pub fn take(&mut self, name: &str) -> bool {
        self.0.insert(derived::collision_key(name))
    }

    fn is_free(&self, name: &str) -> bool {
        !self.0.contains(&derived::collision_key(name))
    }

    /// A type's name that is free, as is all that follows from it.
    pub fn type_name(
        &mut self,
        rng: &mut Rng,
        style: Style,
        follow: impl Fn(&str) -> Vec<String>,
    ) -> String {
        self.suitable_type_name(rng, style, follow, |_| true)
    }

    /// The same for an aggregate, whose topic is none that every context has.
    pub fn aggregate(&mut self, rng: &mut Rng, style: Style) -> String {
        let follow = |name: &str| derived::of_aggregate(name, true);
        let suits = |name: &str| !derived::OWN_TOPICS.contains(&&*derived::segment(name));
        self.suitable_type_name(rng, style, follow, suits)
    }

    fn suitable_type_name(
        &mut self,
        rng: &mut Rng,
        style: Style,
        follow: impl Fn(&str) -> Vec<String>,
        suits: impl Fn(&str) -> bool,
    ) -> String {
        let name = candidates(
            rng,
            style,
            |word| word.to_upper_camel_case(),
            |name| {
                let mut all = follow(name);
                let distinct: HashSet<_> =
                    all.iter().map(|it| derived::collision_key(it)).collect();
                all.push(name.to_owned());
                let is_free = |name: &String| self.is_free(name);
                suits(name) && distinct.len() + 1 == all.len() && all.iter().all(is_free)
            },
        );
        for taken in follow(&name) {
            self.take(&taken);
        }
        self.take(&name);
        name
    }

    /// A member's name that is free.
    pub fn member(&mut self, rng: &mut Rng, style: Style) -> String {
        let name = candidates(rng, style, str::to_owned, |name| self.is_free(name));
        self.take(&name);
        name
    }

    /// A context's name that is free, and no package's of the workspace.
    pub fn context(&mut self, rng: &mut Rng, style: Style) -> String {
        let name = candidates(
            rng,
            style,
            |word| word.to_kebab_case(),
            |name| {
                let reserved = derived::RESERVED_CONTEXTS.contains(&name);
                let contract = derived::CONTRACT_SUFFIXES
                    .iter()
                    .any(|end| name.ends_with(end));
                !reserved && !contract && self.is_free(name)
            },
        );
        self.take(&name);
        name
    }
}

/// The first candidate of a style that suits.
fn candidates(
    rng: &mut Rng,
    style: Style,
    case: impl Fn(&str) -> String,
    suits: impl Fn(&str) -> bool,
) -> String {
    for tries in 0.. {
        let mut name = case(&words(rng, style, tries));
        name.truncate(LONGEST);
        let name = name.trim_end_matches(['_', '-']).to_owned();
        if suits(&name) {
            return name;
        }
    }
    unreachable!("names are not used up")
}

/// Words in snake_case: one at first, more when single ones are taken.
fn words(rng: &mut Rng, style: Style, tries: usize) -> String {
    let of = match style {
        Style::Plain => PLAIN,
        Style::Rust => RUST,
        Style::Sql => SQL,
        Style::Runtime => RUNTIME,
        Style::Long => *rng.pick(&[PLAIN, RUST, SQL, RUNTIME]),
    };
    let count = match style {
        Style::Long => 20,
        _ => 1 + tries / 8 + usize::from(rng.chance(20)),
    };
    let words: Vec<&str> = (0..count).map(|_| *rng.pick(of)).collect();
    words.join("_")
}
