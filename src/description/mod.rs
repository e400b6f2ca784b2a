//! From the text of a description to [`raw`] types: syntax and shape, and what is wrong with them.
//!
//! A [`Description`] is always made, whatever is wrong: what could not be read is missing from it,
//! its name kept in [`Map::broken`], and an error says why.

mod declare;
mod parse;
pub mod raw;
pub mod shape;
mod values;

pub use parse::{Keyed, Map, OneOrMany, Spanned};
use raw::{RawContext, RawEnum, RawGateway, RawRule, RawSystem, RawValueType, RawWaiver};

/// All files of a description as one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Description {
    /// The system; `None` after an error said why.
    pub system: Option<Keyed<RawSystem>>,
    /// Enums of the shared kernel, by name.
    pub enums: Map<RawEnum>,
    /// Value objects of the shared kernel, by name.
    pub values: Map<RawValueType>,
    /// The bounded contexts, by name.
    pub contexts: Map<RawContext>,
    /// The gateway.
    pub gateway: RawGateway,
    /// What is said of rules, by name.
    pub rules: Map<RawRule>,
    /// The waivers, in order.
    pub waivers: Vec<Spanned<RawWaiver>>,
    /// Whether every file could be read as TOML. When not, names may be missing that were written.
    pub readable: bool,
}
