//! Who gets which partition: evenly, and with as few moves as that takes.

use std::collections::{BTreeMap, BTreeSet};

/// The members of a group with the topics each reads.
pub type Members = BTreeMap<String, BTreeSet<String>>;

/// Gives every partition that some member reads to one. Who has a partition now keeps it, as long
/// as no other member has two fewer.
pub fn assign(
    partitions: &BTreeMap<i64, String>,
    members: &Members,
    current: &BTreeMap<i64, String>,
) -> BTreeMap<i64, String> {
    let mut allocation = Allocation::kept(partitions, members, current);
    for (partition, topic) in partitions {
        if !allocation.owners.contains_key(partition)
            && let Some(member) = allocation.lightest(members, topic)
        {
            allocation.give(*partition, member);
        }
    }
    while let Some((partition, member)) = allocation.imbalance(partitions, members) {
        allocation.give(partition, member);
    }
    allocation.owners
}

/// Who has what, and how much each has.
struct Allocation {
    owners: BTreeMap<i64, String>,
    load: BTreeMap<String, usize>,
}

impl Allocation {
    fn kept(
        partitions: &BTreeMap<i64, String>,
        members: &Members,
        current: &BTreeMap<i64, String>,
    ) -> Self {
        let mut allocation = Self {
            owners: BTreeMap::new(),
            load: members.keys().map(|member| (member.clone(), 0)).collect(),
        };
        for (partition, member) in current {
            let reads = |topic| {
                members
                    .get(member)
                    .is_some_and(|topics| topics.contains(topic))
            };
            if partitions.get(partition).is_some_and(reads) {
                allocation.give(*partition, member.clone());
            }
        }
        allocation
    }

    fn load(&self, member: &str) -> usize {
        self.load.get(member).copied().unwrap_or_default()
    }

    fn lightest(&self, members: &Members, topic: &str) -> Option<String> {
        members
            .iter()
            .filter(|(_, topics)| topics.contains(topic))
            .min_by_key(|(member, _)| self.load(member))
            .map(|(member, _)| member.clone())
    }

    fn give(&mut self, partition: i64, member: String) {
        *self.load.entry(member.clone()).or_default() += 1;
        if let Some(before) = self.owners.insert(partition, member) {
            *self.load.entry(before).or_default() -= 1;
        }
    }

    /// A partition of the heaviest member that has two more than another which reads its topic.
    fn imbalance(
        &self,
        partitions: &BTreeMap<i64, String>,
        members: &Members,
    ) -> Option<(i64, String)> {
        self.owners
            .iter()
            .filter_map(|(partition, owner)| {
                let lightest = self.lightest(members, partitions.get(partition)?)?;
                (self.load(owner) >= self.load(&lightest) + 2).then_some((*partition, lightest))
            })
            .max_by_key(|(partition, _)| self.load(&self.owners[partition]))
    }
}

#[cfg(test)]
mod tests {
    use super::{Members, assign};
    use std::collections::BTreeMap;

    fn partitions(topic: &str, ids: std::ops::Range<i64>) -> BTreeMap<i64, String> {
        ids.map(|id| (id, topic.to_owned())).collect()
    }

    fn members(names: &[(&str, &[&str])]) -> Members {
        let topics = |topics: &[&str]| topics.iter().map(|topic| (*topic).to_owned()).collect();
        names
            .iter()
            .map(|(name, read)| ((*name).to_owned(), topics(read)))
            .collect()
    }

    fn count(of: &BTreeMap<i64, String>, member: &str) -> usize {
        of.values().filter(|owner| *owner == member).count()
    }

    #[test]
    fn a_new_member_takes_its_share_and_nothing_else_moves() {
        let partitions = partitions("t", 0..12);
        let one = assign(&partitions, &members(&[("a", &["t"])]), &BTreeMap::new());
        assert_eq!(count(&one, "a"), 12);
        let two = assign(&partitions, &members(&[("a", &["t"]), ("b", &["t"])]), &one);
        assert_eq!((count(&two, "a"), count(&two, "b")), (6, 6));
        let three = members(&[("a", &["t"]), ("b", &["t"]), ("c", &["t"])]);
        let three = assign(&partitions, &three, &two);
        assert_eq!(count(&three, "c"), 4);
        let moved = three
            .iter()
            .filter(|(id, owner)| two[id] != **owner)
            .count();
        assert_eq!(moved, 4);
    }

    #[test]
    fn what_a_member_leaves_is_shared_by_the_others() {
        let partitions = partitions("t", 0..5);
        let all = members(&[("a", &["t"]), ("b", &["t"]), ("c", &["t"])]);
        let before = assign(&partitions, &all, &BTreeMap::new());
        let after = assign(
            &partitions,
            &members(&[("a", &["t"]), ("c", &["t"])]),
            &before,
        );
        assert_eq!(after.len(), 5);
        assert_eq!(count(&after, "b"), 0);
        assert!(
            before
                .iter()
                .all(|(id, owner)| owner == "b" || after[id] == *owner)
        );
    }

    #[test]
    fn only_members_that_read_a_topic_get_its_partitions() {
        let mut all = partitions("t", 0..4);
        all.extend(partitions("u", 4..6));
        let of = assign(
            &all,
            &members(&[("a", &["t"]), ("b", &["v"])]),
            &BTreeMap::new(),
        );
        assert_eq!(of.len(), 4);
        assert_eq!(count(&of, "a"), 4);
    }
}
