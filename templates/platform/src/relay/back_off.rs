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

    /// After a pass: these failed, and of all others only those that had to wait still do.
    pub fn update(&mut self, failed: Vec<Key>, now: Instant) {
        for key in failed {
            let before = self.0.get(&key).map(|wait| wait.pause);
            let pause = before.map_or(FIRST, |pause| (pause * 2).min(LONGEST));
            let until = now + pause;
            self.0.insert(key, Wait { until, pause });
        }
        self.0.retain(|_, wait| wait.until > now);
    }
}

#[cfg(test)]
mod tests {
    use super::{BackOff, FIRST, LONGEST};
    use std::time::Instant;
    use uuid::Uuid;

    #[test]
    fn pauses_grow_and_end() {
        let key = ("t".to_owned(), Uuid::from_u128(1));
        let mut back_off = BackOff::default();
        let mut now = Instant::now();
        for times in [1, 2, 4] {
            back_off.update(vec![key.clone()], now);
            let almost = FIRST * times - FIRST / 2;
            assert!(back_off.waiting(now + almost).contains(&key));
            now += FIRST * times;
            assert!(back_off.waiting(now).is_empty());
        }
        for _ in 0..20 {
            back_off.update(vec![key.clone()], now);
        }
        assert!(back_off.waiting(now + LONGEST).is_empty());
        back_off.update(Vec::new(), now + LONGEST);
        back_off.update(vec![key.clone()], now);
        assert!(
            back_off.waiting(now + FIRST).is_empty(),
            "a success starts anew"
        );
    }
}
