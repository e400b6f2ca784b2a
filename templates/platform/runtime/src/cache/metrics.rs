//! What operators see of a cache.

use std::sync::LazyLock;

use prometheus::{IntCounterVec, register_int_counter_vec};

use platform_ports::cache::CacheLookup;

/// `None` when another part of the program has a metric of this name.
static READS: LazyLock<Option<IntCounterVec>> = LazyLock::new(|| {
    register_int_counter_vec!(
        "microdb_cache_reads_total",
        "Reads of one aggregate, by whether the cache had it (`hit`), had it not (`miss`), or did not answer (`passed`)",
        &["aggregate", "outcome"]
    )
    .ok()
});

/// What a lookup may come to.
const OUTCOMES: [&str; 3] = ["hit", "miss", "passed"];

/// Lets all that is counted of an aggregate begin at 0.
pub fn declare(aggregate: &str) {
    if let Some(reads) = &*READS {
        for outcome in OUTCOMES {
            reads.with_label_values(&[aggregate, outcome]);
        }
    }
}

/// Counts what a lookup came to.
pub fn count(aggregate: &str, lookup: &CacheLookup) {
    let [hit, miss, passed] = OUTCOMES;
    let outcome = match lookup {
        CacheLookup::Hit(_) => hit,
        CacheLookup::Miss(_) => miss,
        CacheLookup::Unavailable => passed,
    };
    if let Some(reads) = &*READS {
        reads.with_label_values(&[aggregate, outcome]).inc();
    }
}
