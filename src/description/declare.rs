//! `table!` and `choice!`: a type of the language is declared once, and the parser, the JSON Schema
//! and the reference page follow from its declaration.

/// A table with keys of its own.
pub(crate) trait Table: Sized {
    /// The names of its keys, in order.
    fn names() -> Vec<&'static str>;

    /// Its keys, in order.
    fn keys() -> Vec<super::shape::KeyShape>;

    /// Reads its keys; `None` after an error was reported.
    fn members(
        reader: &mut super::parse::TableReader<'_>,
        parser: &mut super::parse::Parser,
    ) -> Option<Self>;
}

/// The key a member is written as: its name, raw identifier or not.
pub(crate) fn key(member: &'static str) -> &'static str {
    member.strip_prefix("r#").unwrap_or(member)
}

/// Declares a table.
///
/// `key: Type = "default"` says in words what the key is when left out; whether it may be is the
/// type's to say. `with about: About` takes the keys of another table into this one, after its own.
macro_rules! table {
    (
        $(#[doc = $doc:literal])+
        $(#[derive($($derive:ident),+)])?
        pub struct $name:ident $(with $($about:ident: $About:ty),+)? {
            $( $(#[doc = $key_doc:literal])+ $key:ident : $type:ty $(= $default:literal)?, )*
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq)]
        $(#[derive($($derive),+)])?
        pub struct $name {
            $( $(#[doc = $key_doc])+ pub $key: $type, )*
            $($(
                #[doc = concat!("The keys of [`", stringify!($About), "`].")]
                pub $about: $About,
            )+)?
        }

        impl $crate::description::declare::Table for $name {
            fn names() -> Vec<&'static str> {
                #[allow(unused_mut)]
                let mut names = vec![
                    $( $crate::description::declare::key(stringify!($key)) ),*];
                $($( names.extend(<$About as $crate::description::declare::Table>::names()); )+)?
                names
            }

            fn keys() -> Vec<$crate::description::shape::KeyShape> {
                #[allow(unused_mut)]
                let mut keys = vec![$( $crate::description::shape::KeyShape {
                    name: $crate::description::declare::key(stringify!($key)),
                    doc: $crate::description::shape::doc(&[$($key_doc),+]),
                    required: <$type as $crate::description::parse::Parse>::absent().is_none(),
                    default: None$(.or(Some($default)))?,
                    shape: <$type as $crate::description::parse::Parse>::shape(),
                } ),*];
                $($( keys.extend(<$About as $crate::description::declare::Table>::keys()); )+)?
                keys
            }

            fn members(
                reader: &mut $crate::description::parse::TableReader<'_>,
                parser: &mut $crate::description::parse::Parser,
            ) -> Option<Self> {
                // All keys are read before any failure counts, so that all are reported.
                $( let $key = reader.member::<$type>(
                    $crate::description::declare::key(stringify!($key)), parser); )*
                $($( let $about = <$About as $crate::description::declare::Table>::members(
                    reader, parser); )+)?
                Some(Self { $( $key: $key?, )* $($( $about: $about?, )+)? })
            }
        }

        impl $crate::description::parse::Parse for $name {
            fn parse(
                node: $crate::description::parse::Node<'_>,
                parser: &mut $crate::description::parse::Parser,
            ) -> Option<Self> {
                let names = <Self as $crate::description::declare::Table>::names();
                let mut reader = parser.table(node, &names)?;
                let table = <Self as $crate::description::declare::Table>::members(
                    &mut reader, parser);
                table.filter(|_| !reader.broken)
            }

            fn shape() -> $crate::description::shape::Shape {
                $crate::description::shape::Shape::Table(|| $crate::description::shape::TableShape {
                    name: $crate::description::shape::title(stringify!($name)),
                    doc: $crate::description::shape::doc(&[$($doc),+]),
                    keys: <$name as $crate::description::declare::Table>::keys(),
                })
            }
        }
    };
}

/// Declares a choice between words.
macro_rules! choice {
    (
        $(#[doc = $doc:literal])+
        pub enum $name:ident { $( $(#[doc = $word_doc:literal])+ $variant:ident = $word:literal, )+ }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $( $(#[doc = $word_doc])+ $variant, )+ }

        impl $name {
            /// As written.
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $word, )+ }
            }
        }

        impl $crate::description::parse::Parse for $name {
            fn parse(
                node: $crate::description::parse::Node<'_>,
                parser: &mut $crate::description::parse::Parser,
            ) -> Option<Self> {
                let shape = Self::shape();
                match parser.text(node, &shape)? {
                    $( $word => Some(Self::$variant), )+
                    word => {
                        parser.unknown_word(node, word, &shape, &[$($word),+]);
                        None
                    }
                }
            }

            fn shape() -> $crate::description::shape::Shape {
                $crate::description::shape::Shape::Choice(&[
                    $( $crate::description::shape::Word {
                        word: $word,
                        doc: concat!($($word_doc),+),
                    } ),+
                ])
            }
        }
    };
}

pub(crate) use {choice, table};
