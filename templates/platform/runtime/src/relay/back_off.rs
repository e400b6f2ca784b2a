//! Keys whose messages were not taken wait a while, each by itself.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use uuid::Uuid;

/// The first pause; each later one is twice as long.
const FIRST: Duration = Duration::from_millis(20);

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(5);

/// Order is kept among the messages of one aggregate in one topic.
pub type Key = (String, Uuid);

/// A key whose next message was not taken.
#[derive(Debug)]
pub struct Failed {
    /// The key.
    pub key: Key,
    /// Whether messages before that one were.
    pub moved: bool,
}

/// The keys that wait.
#[derive(Debug, Default)]
pub struct BackOff(HashMap<Key, Wait>);

#[derive(Debug)]
struct Wait {
    until: Instant,
    pause: Duration,
}

impl BackOff {
    /// The keys that have to wait longer.
    pub fn waiting(&self, now: Instant) -> HashSet<&Key> {
        let waiting = self.0.iter().filter(|(_, wait)| wait.until > now);
        waiting.map(|(key, _)| key).collect()
    }

    /// Whether any key waited after the last pass.
    pub fn is_any(&self) -> bool {
        !self.0.is_empty()
    }

    /// After a pass: these failed, and of all others only those that had to wait still do.
    pub fn update(&mut self, failed: Vec<Failed>, now: Instant) {
        for Failed { key, moved } in failed {
            let before = self.0.get(&key).filter(|_| !moved).map(|wait| wait.pause);
            let pause = before.map_or(FIRST, |pause| (pause * 2).min(LONGEST));
            let until = now + pause;
            self.0.insert(key, Wait { until, pause });
        }
        self.0.retain(|_, wait| wait.until > now);
    }
}

#[cfg(test)]
mod tests {
    use super::{BackOff, FIRST, Failed, LONGEST};
    use std::time::Instant;
    use uuid::Uuid;

    #[test]
    fn pauses_grow_and_end() {
        let key = ("t".to_owned(), Uuid::from_u128(1));
        let failed = |moved| {
            let key = key.clone();
            vec![Failed { key, moved }]
        };
        let mut back_off = BackOff::default();
        let mut now = Instant::now();
        for times in [1, 2, 4] {
            back_off.update(failed(false), now);
            let almost = FIRST * times - FIRST / 2;
            assert!(back_off.waiting(now + almost).contains(&key));
            now += FIRST * times;
            assert!(back_off.waiting(now).is_empty());
        }
        for _ in 0..20 {
            back_off.update(failed(false), now);
        }
        assert!(back_off.waiting(now + LONGEST).is_empty());
        assert!(back_off.waiting(now + LONGEST / 2).contains(&key));
        back_off.update(failed(true), now);
        assert!(back_off.waiting(now + FIRST).is_empty(), "it moved");
    }
}
