//! What the locks say was given.

use super::Locks;
use crate::model::{ContextName, Given, Handler, HandlerKind, TypeName};

impl Locks {
    /// What was given before; the migrations that users wrote are on the disk, not here.
    pub fn given(&self) -> Given {
        let ports = self.root.ports.iter();
        let contexts = self.contexts.iter();
        Given {
            partitions: self.root.partitions,
            ports: ports
                .filter_map(|(context, port)| Some((ContextName::new(context)?, *port)))
                .collect(),
            handlers: contexts
                .flat_map(|(context, lock)| {
                    let handlers = lock.handlers.iter();
                    handlers.filter_map(|(name, id)| Some((handler(context, name)?, id.clone())))
                })
                .collect(),
            ..Given::default()
        }
    }
}

/// The handler `policy.Name` of a context.
fn handler(context: &str, name: &str) -> Option<Handler> {
    let (kind, name) = name.split_once('.')?;
    Some(Handler {
        context: ContextName::new(context)?,
        kind: HandlerKind::ALL
            .into_iter()
            .find(|it| it.as_str() == kind)?,
        name: TypeName::new(name)?,
    })
}
