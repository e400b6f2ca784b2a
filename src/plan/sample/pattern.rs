//! Texts that match a regular expression.

use std::ops::RangeInclusive;

use regex_syntax::hir::{Class, Hir, HirKind};

/// How often a part is repeated at most, whatever the expression asks for.
const LONGEST: u32 = 1_000;

/// A text that matches the pattern, of a length among these where there is one: its first
/// alternatives, repeated as little as possible; `number` picks among the members of classes, so that
/// different numbers give different texts where they can.
pub(super) fn matching(
    pattern: &str,
    lengths: RangeInclusive<usize>,
    number: u32,
) -> Option<String> {
    let hir = regex_syntax::parse(pattern).ok()?;
    let text = |times: u32| {
        let mut growing = Growing {
            text: String::new(),
            number,
            times,
        };
        growing.grow(&hir);
        growing.text
    };
    let longest = u32::try_from(*lengths.start()).unwrap_or(LONGEST);
    let mut times = [1, 0].into_iter().chain(2..=longest.min(LONGEST));
    let fitting = times.find_map(|times| {
        let text = text(times);
        lengths.contains(&text.chars().count()).then_some(text)
    });
    Some(fitting.unwrap_or_else(|| text(1)))
}

/// A text that grows.
struct Growing {
    text: String,
    /// What is left of the number.
    number: u32,
    /// How often a part is repeated that may be repeated more or less often.
    times: u32,
}

impl Growing {
    fn grow(&mut self, hir: &Hir) {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => {
                self.text.push_str(&String::from_utf8_lossy(&literal.0));
            }
            HirKind::Class(class) => self.text.extend(member(class, &mut self.number)),
            HirKind::Repetition(repetition) => {
                let most = repetition.max.unwrap_or(u32::MAX);
                for _ in 0..self.times.clamp(repetition.min, most).min(LONGEST) {
                    self.grow(&repetition.sub);
                }
            }
            HirKind::Capture(capture) => self.grow(&capture.sub),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.grow(part)),
            HirKind::Alternation(parts) => {
                if let Some(first) = parts.first() {
                    self.grow(first);
                }
            }
        }
    }
}

/// A readable member of a class.
fn member(class: &Class, number: &mut u32) -> Option<char> {
    let Class::Unicode(class) = class else {
        return None;
    };
    let readable: Vec<char> = ('a'..='z')
        .chain('A'..='Z')
        .chain('0'..='9')
        .filter(|c| {
            let mut ranges = class.ranges().iter();
            ranges.any(|range| range.start() <= *c && *c <= range.end())
        })
        .collect();
    if readable.is_empty() {
        return class.ranges().first().map(|range| range.start());
    }
    let size = u32::try_from(readable.len()).unwrap_or(1);
    let index = usize::try_from(*number % size).unwrap_or(0);
    *number /= size;
    readable.get(index).copied()
}
