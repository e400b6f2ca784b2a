//! When an outage begins, when there is something to say of it, when it is over.

use std::time::{Duration, Instant};

/// How long nothing may have failed before an outage is over: what is back for a moment, or in part, is
/// still out.
const QUIET: Duration = Duration::from_secs(5);

/// How often it is said that an outage lasts.
const SUMMARY: Duration = Duration::from_secs(30);

/// What is known of one thing that may be out.
#[derive(Debug, Default)]
pub struct OutageState(Option<Open>);

/// An outage that is not over.
#[derive(Debug)]
struct Open {
    began: Instant,
    failures: u64,
    requests: u64,
    /// Why the last one failed.
    last: String,
    /// Since when it answers, if it does.
    answers: Option<Instant>,
    /// When something was last said of it.
    said: Instant,
    /// Whether there is anything new to say.
    news: bool,
}

/// What there is to say of an outage.
#[derive(Debug, PartialEq, Eq)]
pub struct Report {
    /// For how long it has lasted.
    pub lasted: Duration,
    /// How many failures it has caused.
    pub failures: u64,
    /// How many of them were requests that could not be answered.
    pub requests: u64,
    /// Why the last one failed.
    pub last: String,
    /// Whether it is over.
    pub over: bool,
}

impl OutageState {
    /// Takes a failure; whether it begins an outage.
    pub fn failed(&mut self, now: Instant, request: bool, why: String) -> bool {
        let begins = self.0.is_none();
        let open = self.0.get_or_insert_with(|| Open {
            began: now,
            failures: 0,
            requests: 0,
            last: String::new(),
            answers: None,
            said: now,
            news: false,
        });
        open.failures += 1;
        open.requests += u64::from(request);
        open.last = why;
        open.answers = None;
        open.news |= !begins;
        begins
    }

    /// It was asked just for that, in vain.
    pub fn still_out(&mut self) {
        if let Some(open) = &mut self.0 {
            open.answers = None;
            open.news = true;
        }
    }

    /// It has answered.
    pub fn answered(&mut self, now: Instant) {
        if let Some(open) = &mut self.0 {
            open.answers.get_or_insert(now);
        }
    }

    /// Whether there is an outage.
    pub const fn is_out(&self) -> bool {
        self.0.is_some()
    }

    /// What there is to say by now, if anything.
    pub fn report(&mut self, now: Instant) -> Option<Report> {
        let since = |then| now.saturating_duration_since(then);
        let open = self.0.as_mut()?;
        let until = open.answers.filter(|at| since(*at) >= QUIET);
        let is_due = open.news && since(open.said) >= SUMMARY;
        if until.is_none() && !is_due {
            return None;
        }
        (open.said, open.news) = (now, false);
        let report = Report {
            lasted: whole_seconds(until.unwrap_or(now).saturating_duration_since(open.began)),
            failures: open.failures,
            requests: open.requests,
            last: open.last.clone(),
            over: until.is_some(),
        };
        if report.over {
            self.0 = None;
        }
        Some(report)
    }
}

/// A time as it is read most easily; what is shorter than a second is not nothing.
fn whole_seconds(time: Duration) -> Duration {
    match time.as_secs() {
        0 => Duration::from_millis(u64::from(time.subsec_millis())),
        seconds => Duration::from_secs(seconds),
    }
}

#[cfg(test)]
mod tests {
    use super::{OutageState, QUIET, Report, SUMMARY};
    use std::time::{Duration, Instant};

    const SECOND: Duration = Duration::from_secs(1);

    fn failed(state: &mut OutageState, now: Instant) -> bool {
        state.failed(now, false, "no answer".to_owned())
    }

    #[test]
    fn the_first_failure_alone_begins_an_outage() {
        let (mut state, now) = (OutageState::default(), Instant::now());
        assert!(!state.is_out());
        assert!(failed(&mut state, now));
        for _ in 0..1_000 {
            assert!(!failed(&mut state, now));
        }
        assert!(state.is_out());
        assert_eq!(state.report(now), None);
    }

    #[test]
    fn now_and_then_it_says_how_many_have_failed() {
        let (mut state, now) = (OutageState::default(), Instant::now());
        failed(&mut state, now);
        assert_eq!(state.report(now + SUMMARY), None, "that was said");
        for _ in 0..4 {
            failed(&mut state, now + SECOND);
        }
        state.failed(now + SECOND, true, "refused".to_owned());
        assert_eq!(state.report(now + SUMMARY - SECOND), None);
        let expected = Report {
            lasted: SUMMARY,
            failures: 6,
            requests: 1,
            last: "refused".to_owned(),
            over: false,
        };
        assert_eq!(state.report(now + SUMMARY), Some(expected));
        assert_eq!(state.report(now + 2 * SUMMARY), None, "nothing has failed");
        state.still_out();
        assert!(state.report(now + 2 * SUMMARY).is_some());
    }

    #[test]
    fn it_is_over_when_nothing_has_failed_for_a_while() {
        let (mut state, now) = (OutageState::default(), Instant::now());
        failed(&mut state, now);
        state.answered(now + 60 * SECOND);
        state.answered(now + 60 * SECOND + QUIET);
        let report = state.report(now + 60 * SECOND + QUIET);
        let report = report.expect("it is over");
        assert!(report.over);
        // Until it answered, not until that was believed.
        assert_eq!((report.lasted, report.failures), (60 * SECOND, 1));
        assert!(!state.is_out());
        assert!(failed(&mut state, now + 61 * SECOND), "that is another one");
    }

    #[test]
    fn what_answers_now_and_then_is_still_out() {
        let (mut state, mut now) = (OutageState::default(), Instant::now());
        failed(&mut state, now);
        for _ in 0..10 {
            state.answered(now);
            now += QUIET - SECOND;
            assert_eq!(state.report(now).filter(|report| report.over), None);
            assert!(!failed(&mut state, now));
        }
    }
}
