//! Which partition a key belongs to.

use uuid::Uuid;

/// The partition, from 0, that all messages of an aggregate go into: the lower 31 bits of the
/// murmur2 hash of its id's hyphenated lower case text, modulo the number of partitions. That is
/// what the standard partitioner of Kafka's Java clients does, so producers outside (a change data
/// capture, say) put the same key into the same partition.
///
/// It must never change: the order of a key's messages hangs on it.
pub fn partition_of(key: Uuid, partitions: u32) -> u32 {
    let mut buffer = Uuid::encode_buffer();
    let text = key.hyphenated().encode_lower(&mut buffer);
    (murmur2(text.as_bytes()) & 0x7fff_ffff)
        .checked_rem(partitions)
        .unwrap_or(0)
}

/// MurmurHash2, 32 bit, by Austin Appleby (public domain), with the seed that Kafka uses.
fn murmur2(bytes: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const FACTOR: u32 = 0x5bd1_e995;
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let (words, rest) = bytes.as_chunks::<4>();
    let mut hash = words.iter().fold(SEED ^ length, |hash, word| {
        let mixed = u32::from_le_bytes(*word).wrapping_mul(FACTOR);
        hash.wrapping_mul(FACTOR) ^ (mixed ^ (mixed >> 24)).wrapping_mul(FACTOR)
    });
    if !rest.is_empty() {
        hash ^= rest
            .iter()
            .rev()
            .fold(0, |word, byte| (word << 8) | u32::from(*byte));
        hash = hash.wrapping_mul(FACTOR);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(FACTOR);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::{murmur2, partition_of};
    use uuid::Uuid;

    #[test]
    fn hashes_as_kafka_does() {
        for (text, hash) in [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            (
                "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
                -58_897_971,
            ),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(text.as_bytes()).cast_signed(), hash, "{text}");
        }
    }

    #[test]
    fn spreads_keys_made_in_a_row() {
        let mut counts = [0; 12];
        for _ in 0..12_000 {
            counts[partition_of(Uuid::now_v7(), 12) as usize] += 1;
        }
        assert!(
            counts.iter().all(|count| (850..1150).contains(count)),
            "{counts:?}"
        );
    }
}
