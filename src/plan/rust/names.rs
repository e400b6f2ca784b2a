//! Names of the description as Rust and as files spell them: case conversions and escapes.
//!
//! A name that means something else where it is written gets a trailing underscore (or `r#` where
//! Rust has it for fields); what stands in JSON, SQL and URLs stays as the description has it.

use heck::{ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};
use sha2::{Digest, Sha256};

/// The length of the longest identifier that PostgreSQL does not cut off (`NAMEDATALEN - 1`).
pub const LONGEST_IDENTIFIER: usize = 63;

/// Types, traits and variants that generated code relies on being what they usually are: Rust's
/// prelude and primitive-like names, and what `platform_contract::prelude` brings in.
const TAKEN_TYPES: [&str; 108] = [
    "Access",
    "Aged",
    "Aggregate",
    "AggregateType",
    "AnyEvent",
    "AsMut",
    "AsRef",
    "Attempt",
    "Attempts",
    "Bool",
    "Box",
    "Bytes",
    "Caller",
    "Char",
    "Clone",
    "Collection",
    "Column",
    "Command",
    "Context",
    "Copy",
    "Date",
    "Debug",
    "Decimal",
    "Decision",
    "Decisions",
    "Default",
    "Deserialize",
    "Display",
    "Domain",
    "DoubleEndedIterator",
    "Drop",
    "Duration",
    "Effect",
    "EffectOutcome",
    "Emitted",
    "EncodeError",
    "EngineError",
    "Eq",
    "ErasedOutcome",
    "Err",
    "Error",
    "Event",
    "EventOf",
    "EventWith",
    "ExactSizeIterator",
    "Extend",
    "Fn",
    "FnMut",
    "FnOnce",
    "FollowUp",
    "From",
    "FromIterator",
    "Future",
    "Hash",
    "Id",
    "Into",
    "IntoFollowUp",
    "IntoFuture",
    "IntoIterator",
    "Iterator",
    "Json",
    "Kind",
    "Meta",
    "Migration",
    "Needed",
    "NoStatus",
    "None",
    "Ok",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Patch",
    "Policy",
    "Query",
    "Range",
    "Reads",
    "Recorded",
    "Referrer",
    "Refusal",
    "Replica",
    "Replicated",
    "Result",
    "Routes",
    "Schema",
    "Self",
    "Send",
    "Serialize",
    "Service",
    "Sized",
    "Some",
    "StatusChange",
    "String",
    "Sync",
    "Targets",
    "Timestamp",
    "ToOwned",
    "ToString",
    "TryFrom",
    "TryInto",
    "TypedId",
    "Unique",
    "Unpin",
    "Upcaster",
    "Uuid",
    "Value",
    "Vec",
    "View",
];

/// Keywords that `r#` makes into identifiers.
const RAW_KEYWORDS: [&str; 47] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while",
];

/// Keywords that nothing makes into identifiers.
const PATH_KEYWORDS: [&str; 3] = ["crate", "self", "super"];

/// What every type can do by a trait of the prelude: a method of that name would be one of two.
const TAKEN_METHODS: [&str; 10] = [
    "as_mut",
    "as_ref",
    "clone",
    "clone_into",
    "from",
    "into",
    "to_owned",
    "to_string",
    "try_from",
    "try_into",
];

/// Names of modules that would be files with a meaning of their own, here or on some system.
const TAKEN_FILES: [&str; 12] = [
    "aux", "com1", "com2", "com3", "com4", "con", "lib", "lpt1", "lpt2", "main", "nul", "prn",
];

/// A type's identifier: `Option` → `Option_`.
pub fn type_ident(name: &str) -> String {
    if TAKEN_TYPES.contains(&name) {
        format!("{name}_")
    } else {
        name.to_owned()
    }
}

/// A field's or parameter's identifier: `type` → `r#type`, `self` → `self_`.
pub fn field_ident(name: &str) -> String {
    if RAW_KEYWORDS.contains(&name) {
        format!("r#{name}")
    } else if PATH_KEYWORDS.contains(&name) {
        format!("{name}_")
    } else if name == "yield" {
        "r#yield".to_owned()
    } else {
        name.to_owned()
    }
}

/// A field's identifier in a struct that has a private member `meta` of its own.
pub fn member_ident(name: &str) -> String {
    if name == "meta" {
        "meta_".to_owned()
    } else {
        field_ident(name)
    }
}

/// A field of an event, as read from its record: what the record itself has a name for hides it.
pub fn event_member(name: &str) -> String {
    let ident = field_ident(name);
    match ["data", "id", "of", "sequence", "status", "time"].contains(&name) {
        true => format!("event.data.{ident}"),
        false => format!("event.{ident}"),
    }
}

/// A method's identifier: `ApproveLoan` → `approve_loan`, `Match` → `r#match`, `From` → `from_`.
pub fn method_ident(name: &str) -> String {
    let method = name.to_snake_case();
    if TAKEN_METHODS.contains(&method.as_str()) {
        format!("{method}_")
    } else {
        field_ident(&method)
    }
}

/// The variable that an aggregate goes by: `Loan` → `loan`; never one of the other parameters'.
pub fn variable_ident(aggregate: &str) -> String {
    let name = method_ident(aggregate);
    let taken = [
        "command", "context", "element", "event", "events", "needs", "reads", "why",
    ];
    match taken.contains(&name.as_str()) {
        true => format!("{name}_"),
        false => name,
    }
}

/// A module's name, which is a file's too: `Loan` → `loan`, `Type` → `type_`.
pub fn module_ident(name: &str) -> String {
    let module = name.to_snake_case();
    let taken = RAW_KEYWORDS.contains(&module.as_str())
        || PATH_KEYWORDS.contains(&module.as_str())
        || TAKEN_FILES.contains(&module.as_str())
        || module == "yield";
    if taken { format!("{module}_") } else { module }
}

/// A constant's identifier: `Loan` → `LOAN`.
pub fn const_ident(name: &str) -> String {
    name.to_shouty_snake_case()
}

/// A variant's identifier: `EUR` → `Eur`, `gold-plus` → `GoldPlus`, `self` → `Self_`.
pub fn variant_ident(value: &str) -> String {
    let variant = value.to_upper_camel_case();
    if variant == "Self" {
        "Self_".to_owned()
    } else if variant.starts_with(|c: char| c.is_ascii_digit()) {
        format!("V{variant}")
    } else {
        variant
    }
}

/// A table's or column's name from a name in any case.
pub fn snake(name: &str) -> String {
    name.to_snake_case()
}

/// A composed name as databases take it: one that is longer than `longest` ends with a hash of all of
/// it, so that two that begin alike stay apart.
pub fn fitted(name: &str, longest: usize) -> String {
    if name.len() <= longest {
        return name.to_owned();
    }
    let hash = short_hash(name);
    let kept: String = name.chars().take(longest - hash.len() - 1).collect();
    format!("{kept}_{hash}")
}

/// Eight letters that follow from a text.
pub fn short_hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// What the names of a context's environment variables begin with.
pub fn environment(context: &str) -> String {
    context.to_uppercase().replace('-', "_")
}

/// A string literal of Rust.
pub fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for character in text.chars() {
        match character {
            '"' => literal.push_str("\\\""),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            other if other.is_control() => literal.extend(other.escape_unicode()),
            other => literal.push(other),
        }
    }
    literal.push('"');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_stay_apart() {
        let longest = LONGEST_IDENTIFIER;
        let name = "x".repeat(longest);
        assert_eq!(fitted(&name, longest), name);
        let [one, other] = ["1", "2"].map(|end| fitted(&format!("{name}{end}"), longest));
        assert_eq!((one.len(), other.len()), (longest, longest));
        assert_ne!(one, other);
        assert_eq!(one[..54], other[..54]);
        // It is part of databases that are there.
        assert_eq!(short_hash("loan"), "472bbf14");
    }

    #[test]
    fn names_that_mean_something_are_escaped() {
        assert_eq!(type_ident("Option"), "Option_");
        assert_eq!(type_ident("Self"), "Self_");
        assert_eq!(type_ident("Loan"), "Loan");
        assert_eq!(field_ident("type"), "r#type");
        assert_eq!(field_ident("self"), "self_");
        assert_eq!(member_ident("meta"), "meta_");
        assert_eq!(method_ident("Match"), "r#match");
        assert_eq!(method_ident("From"), "from_");
        assert_eq!(module_ident("Mod"), "mod_");
        assert_eq!(module_ident("Con"), "con_");
        assert_eq!(variant_ident("EUR"), "Eur");
        assert_eq!(literal("a\"b\\"), r#""a\"b\\""#);
    }

    #[test]
    fn tables_are_in_order_and_without_doubles() {
        let tables = [
            &TAKEN_TYPES[..],
            &RAW_KEYWORDS[..],
            &TAKEN_METHODS[..],
            &TAKEN_FILES[..],
        ];
        for table in tables {
            assert!(table.is_sorted_by(|a, b| a < b), "{table:?}");
        }
    }
}
