//! What tests of policies are written with, and replicas that decisions look at.

use uuid::Uuid;

use super::given::NOW;
use super::values::{id, timestamp};
use platform_contract::{AggregateType, Event, Recorded};
use platform_runtime::context::{Caller, Context};
use platform_runtime::handler::{Aged, Replica, Replicated};

/// An event as it was recorded, first of its aggregate, which then had this status.
pub fn recorded<E: Event>(data: E, status: <E::Of as AggregateType>::Status) -> Recorded<E> {
    Recorded {
        id: id(1),
        of: id(1),
        sequence: 1,
        status,
        time: timestamp(NOW),
        data,
    }
}

/// A fresh replica of what another context owns.
pub const fn known<R: Replicated>(value: R) -> Replica<R> {
    Replica::Known(Aged {
        value,
        age_ms: 0,
        stale_after_ms: R::STALE_AFTER_MS,
    })
}

/// A replica that is older than it may be.
pub const fn stale<R: Replicated>(value: R) -> Replica<R> {
    Replica::Known(Aged {
        value,
        age_ms: R::STALE_AFTER_MS + 1,
        stale_after_ms: R::STALE_AFTER_MS,
    })
}

/// The context of a command that nobody in particular asks for.
pub fn context() -> Context {
    let command_id = Uuid::from_u128(0xC0);
    Context::new(Caller::Anonymous, timestamp(NOW), command_id, command_id)
}
