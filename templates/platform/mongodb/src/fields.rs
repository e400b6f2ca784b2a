//! The names of the runtime's own fields; those of members do not begin with an underscore.

/// What MongoDB calls the key.
pub(super) const ID: &str = "_id";
/// Another one after each write, so that a write can be bound to what was read.
pub(super) const REVISION: &str = "_rev";
/// The place of the last write in the order of commits.
pub(super) const POSITION: &str = "_position";
/// Whether there is something, rather than what a deletion left or a transaction has prepared.
pub(super) const LIVE: &str = "_live";
/// A document that is there for a transaction only.
pub(super) const STUB: &str = "_stub";
/// The transaction that holds the document, and what it makes of it.
pub(super) const INTENT: &str = "_tx";
/// The same, its id.
pub(super) const INTENT_ID: &str = "_tx.id";
/// What the document has of every unique constraint; during a transaction also what it will have.
pub(super) const CLAIMS: &str = "_claims";
/// Messages on their way out.
pub(super) const OUTBOX: &str = "_outbox";
/// The same, their ids.
pub(super) const OUTBOX_ID: &str = "_outbox.id";
/// The same, their positions.
pub(super) const OUTBOX_POSITION: &str = "_outbox.position";
/// Answers to requests about an aggregate.
pub(super) const REQUESTS: &str = "_requests";
/// The same, when they have served their time.
pub(super) const REQUESTS_DUE: &str = "_requests.due";
/// Whether some of them are in a collection of their own.
pub(super) const REQUESTS_MOVED: &str = "_requests_moved";
/// What a transaction adds to lists of the document, under which names its intent has it.
pub(super) const ADDED: [(&str, &str); 2] = [(OUTBOX, "push"), (REQUESTS, "answers")];
/// The version of rows and documents.
pub(super) const VERSION: &str = "version";

/// The collection of messages that no aggregate's document carries.
pub(super) const STANDALONE_OUTBOX: &str = "microdb_outbox";
/// The collection of events that have left the outbox.
pub(super) const LOG: &str = "microdb_event_log";
/// The collection of transactions under way.
pub(super) const TRANSACTIONS: &str = "microdb_transactions";
/// The collection whose documents stand for sets of others, to be locked.
pub(super) const GUARDS: &str = "microdb_guards";
/// The collection of applied sequences.
pub(super) const APPLIED_SEQUENCES: &str = "microdb_applied_sequences";
/// The collection of ids in use, where collections do not keep them apart.
pub(super) const IDS: &str = "microdb_ids";
/// The collection of offsets.
pub(super) const OFFSETS: &str = "microdb_offsets";
