//! `contracts/<context>/microdb.lock`: what a context has promised to others and to its own past,
//! reviewed by its owner.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{LockError, Problem};
use super::line::{line, lines, words};
use super::written;

const HEADER: &str =
    "# Written by `cargo microdb`. Commit it, never edit it: what this context has promised.";

/// Kinds of lines that come with the first release.
const LATER: [&str; 5] = ["release", "name", "gone", "default", "owe"];

/// The kinds of the handlers of a context.
const KINDS: [&str; 3] = ["replica", "policy", "effect"];

/// What is kept of a context.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContextLock {
    /// The id under which each handler keeps how far it is, by `policy.Name`.
    pub handlers: BTreeMap<String, String>,
    /// The shape of each event, by name: version, revision, hash.
    pub events: BTreeMap<String, Shape>,
    /// The hash of each migration, by name.
    pub steps: BTreeMap<String, String>,
    /// What each migration does to the schema: `add order.tag text?`, by migration.
    pub ops: BTreeSet<(String, String)>,
}

/// What an event looks like on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Its version.
    pub version: u32,
    /// Its revision: changes in place that consumers may not know.
    pub revision: u32,
    /// The hash of its members and their types.
    pub hash: String,
}

impl ContextLock {
    /// The path of a context's lock.
    pub fn path(context: &str) -> String {
        format!("contracts/{context}/microdb.lock")
    }

    /// Reads the text of the file. After a merge what was never released may be said twice: it is
    /// worked out anew.
    ///
    /// # Errors
    /// When it is not one that [`Self::render`] gives, or a merge gave a handler two ids.
    pub fn read(path: &str, text: &str) -> Result<Self, LockError> {
        let failed = |problem| LockError {
            path: path.to_owned(),
            problem,
        };
        let mut lock = Self::default();
        for (number, text) in lines(text) {
            let broken = || failed(Problem::Entry { line: number });
            let words = words(text).ok_or_else(broken)?;
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            match words[..] {
                ["handler", handler, id] => {
                    let is_ours = handler.split_once('.');
                    is_ours
                        .filter(|it| KINDS.contains(&it.0))
                        .ok_or_else(broken)?;
                    let known = lock.handlers.insert(handler.to_owned(), id.to_owned());
                    if let Some(known) = known.filter(|known| known != id) {
                        let of = format!("the id of `{handler}`");
                        let says = [known, id.to_owned()];
                        return Err(failed(Problem::Contradiction { of, says }));
                    }
                }
                ["event", name, version, revision, hash] => {
                    let shape = shape(version, revision, hash).ok_or_else(broken)?;
                    lock.events.insert(name.to_owned(), shape);
                }
                ["step", name, hash] => {
                    lock.steps.insert(name.to_owned(), hash.to_owned());
                }
                ["op", step, ..] if words.len() > 2 => {
                    lock.ops.insert((step.to_owned(), words[2..].join(" ")));
                }
                // `released` at its end is a promise that this version cannot keep.
                [kind, ..] if LATER.contains(&kind) || words.last() == Some(&"released") => {
                    let kind = kind.to_owned();
                    return Err(failed(Problem::Later { line: number, kind }));
                }
                _ => return Err(broken()),
            }
        }
        Ok(lock)
    }

    /// The text of the file.
    pub fn render(&self) -> String {
        let handlers = self.handlers.iter();
        let handlers = handlers.map(|(handler, id)| line(["handler", handler, id]));
        let events = self.events.iter().map(|(name, shape)| {
            let (version, revision) = (shape.version, shape.revision);
            let numbers = [format!("v{version}"), format!("r{revision}")];
            line(["event", name, &numbers[0], &numbers[1], &shape.hash])
        });
        let steps = self
            .steps
            .iter()
            .map(|(name, hash)| line(["step", name, hash]));
        let ops = self.ops.iter();
        let ops = ops.map(|(step, op)| line(["op", step].into_iter().chain(op.split(' '))));
        written(HEADER, handlers.chain(events).chain(steps).chain(ops))
    }
}

fn shape(version: &str, revision: &str, hash: &str) -> Option<Shape> {
    Some(Shape {
        version: version.strip_prefix('v')?.parse().ok()?,
        revision: revision.strip_prefix('r')?.parse().ok()?,
        hash: hash.to_owned(),
    })
}
