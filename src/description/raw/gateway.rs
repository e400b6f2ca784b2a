//! The gateway: API composition at the edge.

use super::{Map, RawAbout, RawDuration, RawPath, Spanned, Text};
use crate::description::declare::table;

table! {
    /// The gateway.
    #[derive(Default)]
    pub struct RawGateway {
        /// Its compositions, by name.
        compositions: Map<RawComposition>,
    }
}

table! {
    /// An endpoint of the gateway that joins what several contexts answer.
    pub struct RawComposition with about: RawAbout {
        /// Its path, with parameters in braces: `"/loans/{loan}/overview"`.
        path: Text,
        /// Its parts, by the name they have in the answer.
        parts: Map<RawPart>,
        /// The roles that may ask it.
        allow: Option<Spanned<Vec<Text>>> = "any caller",
    }
}

table! {
    /// A part of a composition.
    pub struct RawPart with about: RawAbout {
        /// What is asked: an aggregate or a query, `"context.Name"`.
        of: Spanned<RawPath>,
        /// What it is asked by: a parameter of the path, `"{loan}"`, or a member of another part,
        /// `"loan.borrower"`.
        by: Option<Text> = "by name and type",
        /// Whether the answer goes out without it when it cannot be had.
        optional: Option<Spanned<bool>> = "`false`",
        /// How long it may take.
        timeout: Option<Spanned<RawDuration>>,
    }
}
