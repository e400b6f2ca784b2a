//! What became of messages that are published together, while it comes to be known.

use std::collections::{BTreeSet, HashSet};

use platform_ports::broker::{Publication, PublishOutcome};

/// Why a message failed that had no answer.
pub const LATE: &str = "it had no answer in time";
/// Why a message failed that was not sent, or does not count.
pub const HELD_UP: &str = "an earlier message of its key was not taken";

/// What is known so far of messages that are published together.
pub struct Outcomes<'a> {
    /// The messages.
    pub messages: &'a [Publication],
    outcomes: Vec<Option<PublishOutcome>>,
    /// Those that were refused together with others, and perhaps only because of them.
    pub suspects: BTreeSet<usize>,
}

impl<'a> Outcomes<'a> {
    /// Nothing is known.
    pub fn new(messages: &'a [Publication]) -> Self {
        Self {
            messages,
            outcomes: vec![None; messages.len()],
            suspects: BTreeSet::new(),
        }
    }

    /// What became of one.
    pub fn set(&mut self, number: usize, outcome: PublishOutcome) {
        self.outcomes[number] = Some(outcome);
    }

    /// What became of one, if that is not known.
    pub fn unless_set(&mut self, number: usize, outcome: impl FnOnce() -> PublishOutcome) {
        self.outcomes[number].get_or_insert_with(outcome);
    }

    /// One is tried again.
    pub fn reopen(&mut self, number: usize) {
        self.outcomes[number] = None;
    }

    /// Those without an outcome.
    pub fn open(&self) -> impl Iterator<Item = (usize, &'a Publication)> {
        let messages = self.messages.iter().enumerate().zip(&self.outcomes);
        messages.filter_map(|(message, outcome)| outcome.is_none().then_some(message))
    }

    /// The keys that have a message before `number` that was not taken.
    fn stopped_before(&self, number: usize) -> HashSet<(&'a str, &'a str)> {
        let messages = self.messages.iter().zip(&self.outcomes).take(number);
        messages
            .filter(|(_, outcome)| {
                outcome
                    .as_ref()
                    .is_some_and(|outcome| *outcome != PublishOutcome::Acknowledged)
            })
            .map(|(message, _)| (message.topic.as_str(), message.key.as_str()))
            .collect()
    }

    /// Whether an earlier message of its key was not taken.
    pub fn is_stopped(&self, number: usize) -> bool {
        let message = &self.messages[number];
        let key = (message.topic.as_str(), message.key.as_str());
        self.stopped_before(number).contains(&key)
    }

    /// Those that no earlier message of their key holds up.
    pub fn unstopped(&mut self, numbers: &[usize]) -> Vec<usize> {
        let stopped = self.stopped_before(numbers.last().copied().unwrap_or(0));
        let mut free = Vec::with_capacity(numbers.len());
        for number in numbers {
            let message = &self.messages[*number];
            if stopped.contains(&(message.topic.as_str(), message.key.as_str())) {
                self.outcomes[*number] = Some(PublishOutcome::Failed(HELD_UP.to_owned()));
            } else {
                free.push(*number);
            }
        }
        free
    }

    /// Whether nothing but time has passed.
    pub fn is_silence(&self) -> bool {
        !self.messages.is_empty()
            && self
                .outcomes
                .iter()
                .all(|outcome| matches!(outcome, Some(PublishOutcome::Failed(why)) if why == LATE))
    }

    /// The outcomes; what came after a message of its key that was not taken has failed.
    pub fn finish(self) -> Vec<PublishOutcome> {
        let mut stopped = HashSet::new();
        let messages = self.messages.iter().zip(self.outcomes);
        let outcomes = messages.map(|(message, outcome)| {
            let key = (&message.topic, &message.key);
            let outcome = match outcome {
                Some(outcome) if !stopped.contains(&key) => outcome,
                _ => PublishOutcome::Failed(HELD_UP.to_owned()),
            };
            if outcome != PublishOutcome::Acknowledged {
                stopped.insert(key);
            }
            outcome
        });
        outcomes.collect()
    }
}
