//! How the plain types are read: scalars, lists, tables by name.

use std::ops::Deref;

use indexmap::IndexMap;
use toml::de::DeValue;

use super::parse::{Keyed, Map, Node, OneOrMany, Parse, Parser, Spanned};
use super::shape::Shape;
use crate::diagnostics::{Diagnostic, did_you_mean};

impl<T> Default for Map<T> {
    fn default() -> Self {
        Self {
            entries: IndexMap::new(),
            broken: IndexMap::new(),
        }
    }
}

impl<T> Deref for Map<T> {
    type Target = IndexMap<String, Keyed<T>>;

    fn deref(&self) -> &Self::Target {
        &self.entries
    }
}

impl<T> Map<T> {
    /// Whether something of this name was written, readable or not.
    pub fn declares(&self, name: &str) -> bool {
        self.entries.contains_key(name) || self.broken.contains_key(name)
    }
}

impl<'a, T> IntoIterator for &'a Map<T> {
    type Item = (&'a String, &'a Keyed<T>);
    type IntoIter = indexmap::map::Iter<'a, String, Keyed<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter()
    }
}

impl<T> Deref for OneOrMany<T> {
    type Target = [T];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<T> Spanned<T> {
    /// The same place with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned {
            value: change(self.value),
            span: self.span,
        }
    }
}

impl<T: Parse> Parse for Spanned<T> {
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
        T::parse(node, parser).map(|value| Self {
            value,
            span: node.span,
        })
    }

    fn shape() -> Shape {
        T::shape()
    }
}

impl<T: Parse> Parse for Keyed<T> {
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
        T::parse(node, parser).map(|value| Self {
            key: node.key,
            value,
        })
    }

    fn shape() -> Shape {
        T::shape()
    }
}

impl<T: Parse> Parse for Option<T> {
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
        T::parse(node, parser).map(Some)
    }

    fn shape() -> Shape {
        T::shape()
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Parse> Parse for Vec<T> {
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
        let Some(array) = node.value.as_array() else {
            parser.wrong_type(node, &Self::shape());
            return None;
        };
        let mut list = Self::with_capacity(array.len());
        for value in array.iter() {
            let span = parser.span(value.span());
            let element = Node {
                element: true,
                value: value.get_ref(),
                span,
                depth: node.depth + 1,
                ..node
            };
            list.extend(T::parse(element, parser));
        }
        (list.len() == array.len()).then_some(list)
    }

    fn shape() -> Shape {
        Shape::List(Box::new(T::shape()))
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}

impl<T: Parse> Parse for OneOrMany<T> {
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
        if node.value.is_array() {
            Vec::parse(node, parser).map(Self)
        } else {
            T::parse(node, parser).map(|one| Self(vec![one]))
        }
    }

    fn shape() -> Shape {
        Shape::OneOrMany(Box::new(T::shape()))
    }

    fn absent() -> Option<Self> {
        Some(Self(Vec::new()))
    }
}

impl<T: Parse> Parse for Map<T> {
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
        let Some(table) = node.value.as_table() else {
            parser.wrong_type(node, &Self::shape());
            return None;
        };
        let mut map = Self::default();
        for (name, value) in table {
            let key = parser.span(name.span());
            let span = parser.span(value.span());
            let name = name.get_ref().as_ref();
            let depth = node.depth + 1;
            let entry = Node {
                name,
                key,
                element: false,
                value: value.get_ref(),
                span,
                depth,
            };
            match T::parse(entry, parser) {
                Some(value) => {
                    map.entries.insert(name.to_owned(), Keyed { key, value });
                }
                None => {
                    map.broken.insert(name.to_owned(), key);
                }
            }
        }
        // A header that names a table after its parts puts it last in the tree.
        map.entries.sort_by(|_, a, _, b| a.key.cmp(&b.key));
        Some(map)
    }

    fn shape() -> Shape {
        Shape::Map(Box::new(T::shape()))
    }

    fn absent() -> Option<Self> {
        Some(Self::default())
    }
}

impl Parse for String {
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
        parser.text(node, &Self::shape()).map(str::to_owned)
    }

    fn shape() -> Shape {
        Shape::text("a string")
    }
}

impl Parse for bool {
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
        let value = node.value.as_bool();
        if value.is_none() {
            parser.wrong_type(node, &Self::shape());
        }
        value
    }

    fn shape() -> Shape {
        Shape::Bool
    }
}

macro_rules! integer {
    ($($type:ty: $min:expr, $max:expr;)+) => {$(
        impl Parse for $type {
            fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
                integer(node, parser, &Self::shape())
            }

            fn shape() -> Shape {
                Shape::Integer { min: $min, max: $max }
            }
        }
    )+};
}

integer! {
    i64: i64::MIN, i64::MAX;
    u64: 0, i64::MAX;
    u32: 0, i64::from(u32::MAX);
}

fn integer<T: TryFrom<i64>>(node: Node<'_>, parser: &mut Parser, shape: &Shape) -> Option<T> {
    let DeValue::Integer(integer) = node.value else {
        parser.wrong_type(node, shape);
        return None;
    };
    let value = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
    let value = value.and_then(|value| T::try_from(value).ok());
    if value.is_none() {
        parser.wrong_text(node, &format!("`{integer}` is not {}", shape.words()), None);
    }
    value
}

impl Parser {
    /// Reports a word that is none of a choice's.
    pub fn unknown_word(&mut self, node: Node<'_>, word: &str, shape: &Shape, words: &[&str]) {
        let message = format!("unknown value `{word}` of `{}`", node.name);
        let diagnostic = Diagnostic::error("unknown-value", message).at(node.span, "");
        self.diagnostics
            .push(match did_you_mean(word, words.iter().copied()) {
                Some(meant) => diagnostic.help(format!("did you mean `\"{meant}\"`?")),
                None => diagnostic.note(format!("it may be {}", shape.words())),
            });
    }
}
