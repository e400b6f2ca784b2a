//! Names as the description spells them, each checked once for its form.

use std::fmt;

/// The longest name the language allows, in characters.
pub const MAX_LENGTH: usize = 60;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $form:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        pub struct $name(String);

        impl $name {
            /// The form a name of this kind must have, as errors call it.
            pub const FORM: &'static str = $form;

            /// Takes `text` when it has the form and the length; `None` otherwise.
            pub fn new(text: &str) -> Option<Self> {
                let valid: fn(&str) -> bool = $valid;
                (valid(text) && text.len() <= MAX_LENGTH).then(|| Self(text.to_owned()))
            }

            /// The name as written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::ops::Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(
    /// The name of the system.
    SystemName,
    "kebab-case",
    is_kebab
);
name!(
    /// The name of a bounded context.
    ContextName,
    "kebab-case",
    is_kebab
);
name!(
    /// The name of an aggregate, entity, command, event, query, handler, value or enum.
    TypeName,
    "PascalCase",
    is_pascal
);
name!(
    /// The name of a field, collection, need, refusal or step.
    Ident,
    "snake_case",
    is_snake
);
name!(
    /// The name of a state of an aggregate.
    StateName,
    "snake_case",
    is_snake
);

fn is_kebab(text: &str) -> bool {
    words(text, '-')
}

fn is_snake(text: &str) -> bool {
    words(text, '_')
}

impl TypeName {
    /// A name that follows from others (see [`super::derived`]); it may be longer than a given one.
    pub fn derived(name: &str) -> Self {
        Self(name.to_owned())
    }
}

/// Lowercase words that start with a letter or (after the first) a digit, parted by `separator`.
fn words(text: &str, separator: char) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.split(separator).all(|word| {
            !word.is_empty()
                && word
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        })
}

fn is_pascal(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.chars().all(|c| c.is_ascii_alphanumeric())
}
