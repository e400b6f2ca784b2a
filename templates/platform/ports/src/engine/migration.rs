//! The steps that bring a database to the shape its program expects.

/// A step, written once and never changed after it was applied anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// Its name, `0001_initial`; steps are applied in the order of the program's list.
    pub name: &'static str,
    /// What it does, in the engine's language.
    pub text: &'static str,
}

/// Why a database cannot be used as it is.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its server does not answer. It will, once it is there: whoever waits tries again.
    #[error("{server} does not answer: {why}")]
    Unreachable {
        /// Host and port.
        server: String,
        /// What was said of it.
        why: String,
    },
    /// It cannot be opened at all; what to do about it.
    #[error("cannot open the database: {0}")]
    Unusable(String),
    /// It does not keep what was committed; what to do about it.
    #[error("the database is not durable: {0}")]
    NotDurable(String),
    /// A migration that was applied has another text now.
    #[error(
        "migration `{0}` was changed after it was applied: put its text back, and say what is new in a new migration"
    )]
    Edited(String),
    /// The database has had a migration that this program does not know.
    #[error("this database is newer than this program: it has had the migration `{0}`")]
    Newer(String),
    /// It was made for another description than the program, before the first release.
    #[error(
        "it was made for another description than this program, as {0} tells: `cargo run` sets databases in files \
         aside, `migrate --reset` empties this one; nothing of this workspace is released"
    )]
    Older(String),
    /// What was released is not emptied.
    #[error("only what was never released is emptied")]
    Released,
    /// The database lacks a migration.
    #[error("migration `{0}` has not been applied: run `migrate` first")]
    Pending(String),
    /// A migration failed; nothing of it was applied.
    #[error("migration `{name}` failed, and nothing of it was applied: {why}")]
    Failed {
        /// Its name.
        name: String,
        /// What the engine said.
        why: String,
    },
}
