//! Sagas.

use super::{RawAbout, RawDuration, RawPath, Spanned, Text};
use crate::description::declare::table;

table! {
    /// A saga: steps in several contexts that all happen, or are all compensated.
    pub struct RawSaga with about: RawAbout {
        /// The event that starts it.
        starts_on: Spanned<RawPath>,
        /// The command of this context when all is done.
        succeeded: Option<Text>,
        /// The command of this context when all is compensated.
        failed: Option<Text>,
        /// Its steps, in order.
        steps: Vec<Spanned<RawStep>>,
    }
}

table! {
    /// A step of a saga.
    pub struct RawStep with about: RawAbout {
        /// Its name.
        name: Text,
        /// The command it sends.
        command: Spanned<RawPath>,
        /// The command that undoes it. Before the pivot only.
        compensation: Option<Spanned<RawPath>>,
        /// How long it may take. Required before the pivot.
        timeout: Option<Spanned<RawDuration>>,
        /// The unique query of the command's context that finds the aggregate.
        finds: Option<Spanned<RawPath>> = "the aggregate that started the saga, or what an earlier step created",
        /// Whether it is the point of no return: after it only retries, no compensation.
        pivot: Option<Spanned<bool>> = "`false`",
    }
}
