//! Regular expressions as JSON Schema has them (those of ECMA-262), anchored at both ends.

use crate::model::DecimalFormat;

/// Text. PostgreSQL has no character U+0000 in its texts.
pub(super) const TEXT: &str = r"^[^\u0000]*$";
/// A UUID in its hyphenated form.
pub(super) const UUID: &str =
    "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$";
/// A date; which days a month has, its format says.
pub(super) const DATE: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$";
/// An instant with its offset (RFC 3339).
pub(super) const TIMESTAMP: &str = concat!(
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?",
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})$"
);
/// A span of time. The greatest of all parts together have room in 64 bit of microseconds.
pub(super) const DURATION: &str = concat!(
    r"^[+-]?P(?:[0-9]{1,6}W(?:[0-9]{1,7}D)?|[0-9]{1,7}D|(?=T))",
    r"(?:T(?=[0-9])(?:[0-9]{1,9}H)?(?:[0-9]{1,10}M)?(?:[0-9]{1,11}(?:\.[0-9]{1,9})?S)?)?$"
);

/// The most bytes whose number an expression counts: what reads expressions has limits, too.
const COUNTED_BYTES: u64 = 600;
/// A digit of base64, and the last ones where one or two bytes are left: their other bits are zero.
const DIGIT: &str = "[A-Za-z0-9+/]";
const ONE_LEFT: &str = "[A-Za-z0-9+/][AQgw]==";
const TWO_LEFT: &str = "[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=";

/// A decimal: as many digits as its format has, besides zeros that mean nothing.
pub(super) fn decimal(format: DecimalFormat, negative: bool) -> String {
    let sign = if negative { "-?" } else { "" };
    format!("^{sign}{}$", unsigned(format))
}

/// A decimal that is at least zero, or more than that.
pub(super) fn decimal_from_zero(format: DecimalFormat, without_zero: bool) -> String {
    match without_zero {
        true => format!(r"^(?!0*(?:\.0*)?$){}$", unsigned(format)),
        // Zero is zero, whatever stands before it.
        false => format!(r"^(?:-(?=0*(?:\.0*)?$))?{}$", unsigned(format)),
    }
}

fn unsigned(format: DecimalFormat) -> String {
    let whole = match format.precision.saturating_sub(format.scale) {
        0 => "0+".to_owned(),
        digits => format!("0*[0-9]{{1,{digits}}}"),
    };
    let fraction = match format.scale {
        0 => "0+".to_owned(),
        digits => format!("[0-9]{{1,{digits}}}0*"),
    };
    format!(r"{whole}(?:\.{fraction})?")
}

/// Base64 of so many bytes: at least `least`, at most `most`.
pub(super) fn bytes(least: u64, most: Option<u64>) -> String {
    let counted = |bytes: &u64| *bytes <= COUNTED_BYTES;
    let least = if counted(&least) { least } else { 0 };
    let (first, left) = (least / 3, least % 3);
    let groups = |times: String| format!("(?:{DIGIT}{{4}}){times}");
    let exactly = |times: u64| groups(format!("{{{times}}}"));
    let mut ways = Vec::new();
    match most.filter(counted) {
        None => {
            ways.push(exactly(first) + &rest(left, 2));
            ways.push(groups(format!("{{{},}}", first + 1)) + &rest(0, 2));
        }
        Some(most) if most / 3 == first => ways.push(exactly(first) + &rest(left, most % 3)),
        Some(most) => {
            ways.push(exactly(first) + &rest(left, 2));
            let last = most / 3;
            if first + 1 < last {
                ways.push(groups(format!("{{{},{}}}", first + 1, last - 1)) + &rest(0, 2));
            }
            ways.push(exactly(last) + &rest(0, most % 3));
        }
    }
    if (least, most) == (0, None) {
        ways = vec![groups("*".to_owned()) + &rest(0, 2)];
    }
    format!("^(?:{})$", ways.join("|"))
}

/// What stands behind whole groups where so many bytes are left.
fn rest(least: u64, most: u64) -> String {
    let of = |bytes: u64| match bytes {
        1 => ONE_LEFT,
        _ => TWO_LEFT,
    };
    let ways: Vec<&str> = (least.max(1)..=most).map(of).collect();
    match (ways.as_slice(), least) {
        ([], _) => String::new(),
        (ways, 0) => format!("(?:{})?", ways.join("|")),
        (ways, _) => format!("(?:{})", ways.join("|")),
    }
}

/// The description's own expression, for the whole text; `None` where it has what the other syntax has
/// not, or means otherwise.
pub(super) fn translated(pattern: &str) -> Option<String> {
    let mut translation = Translation {
        rest: pattern.chars(),
        text: String::new(),
        in_class: false,
    };
    translation.run()?;
    Some(format!("^(?:{})$", translation.text))
}

/// An expression of `regex-lite` on its way to one of ECMA-262.
struct Translation<'p> {
    rest: std::str::Chars<'p>,
    text: String,
    in_class: bool,
}

impl Translation<'_> {
    fn run(&mut self) -> Option<()> {
        while let Some(letter) = self.rest.next() {
            match letter {
                '\\' => self.escape()?,
                // No text has the character U+0000.
                '.' if !self.in_class => self.text.push_str(r"[^\n\u0000]"),
                '[' if !self.in_class => self.class()?,
                '[' => return None,
                ']' if self.in_class => {
                    self.in_class = false;
                    self.text.push(letter);
                }
                ']' => self.text.push_str(r"\]"),
                '(' if !self.in_class => self.group()?,
                _ => self.text.push(letter),
            }
        }
        Some(())
    }

    fn class(&mut self) -> Option<()> {
        self.in_class = true;
        self.text.push('[');
        if self.skip("^") {
            self.text.push_str(r"^\u0000");
        }
        // The first bracket of a class is one of its members.
        if self.skip("]") {
            self.text.push_str(r"\]");
        }
        Some(())
    }

    fn group(&mut self) -> Option<()> {
        self.text.push('(');
        if self.skip("?P<") || self.skip("?<") {
            self.text.push_str("?<");
        } else if self.skip("?:") {
            self.text.push_str("?:");
        } else if self.rest.as_str().starts_with('?') {
            // Flags.
            return None;
        }
        Some(())
    }

    fn escape(&mut self) -> Option<()> {
        let letter = self.rest.next()?;
        let (members, class) = match letter {
            'd' => ("0-9", true),
            'w' => ("0-9A-Za-z_", true),
            's' => (r"\t\n\v\f\r ", true),
            'D' => (r"\u00000-9", false),
            'W' => (r"\u00000-9A-Za-z_", false),
            'S' => (r"\u0000\t\n\v\f\r ", false),
            _ => return self.character(letter),
        };
        match (self.in_class, class) {
            (true, true) => self.text.push_str(members),
            (true, false) => return None,
            (false, true) => self.text.push_str(&format!("[{members}]")),
            (false, false) => self.text.push_str(&format!("[^{members}]")),
        }
        Some(())
    }

    fn character(&mut self, letter: char) -> Option<()> {
        match letter {
            'A' if !self.in_class => self.text.push('^'),
            'z' if !self.in_class => self.text.push('$'),
            'n' | 't' | 'r' | 'f' | 'v' => self.text.extend(['\\', letter]),
            'b' | 'B' if !self.in_class => self.text.extend(['\\', letter]),
            '-' if self.in_class => self.text.push_str(r"\-"),
            '^' | '$' | '\\' | '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|'
            | '/' => {
                self.text.extend(['\\', letter]);
            }
            _ if letter.is_ascii_punctuation() => self.text.push(letter),
            _ => return None,
        }
        Some(())
    }

    fn skip(&mut self, text: &str) -> bool {
        let rest = self.rest.as_str().strip_prefix(text);
        let found = rest.is_some();
        self.rest = rest.unwrap_or(self.rest.as_str()).chars();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_those_of_json_schema() {
        for (pattern, translation) in [
            ("[A-Z]{3}", "^(?:[A-Z]{3})$"),
            (r"\d+ .", r"^(?:[0-9]+ [^\n\u0000])$"),
            (
                r"[\w\-.]+@\S",
                r"^(?:[0-9A-Za-z_\-.]+@[^\u0000\t\n\v\f\r ])$",
            ),
            (r"(?P<a>x)|\A[^a]\z", r"^(?:(?<a>x)|^[^\u0000a]$)$"),
            (r"\#\.", r"^(?:#\.)$"),
            ("[]a]]", r"^(?:[\]a]\])$"),
        ] {
            assert_eq!(translated(pattern).as_deref(), Some(translation));
        }
        for pattern in ["(?i)a", r"[\D]", r"\x{41}", "[[:alpha:]]"] {
            assert_eq!(translated(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn bytes_are_counted_in_groups_of_three() {
        let group = |times: &str| format!("(?:{DIGIT}{{4}}){times}");
        assert_eq!(
            bytes(0, None),
            format!("^(?:{}(?:{ONE_LEFT}|{TWO_LEFT})?)$", group("*"))
        );
        assert_eq!(
            bytes(2, Some(4)),
            format!(
                "^(?:{}(?:{TWO_LEFT})|{}(?:{ONE_LEFT})?)$",
                group("{0}"),
                group("{1}")
            )
        );
        assert_eq!(bytes(3, Some(3)), format!("^(?:{})$", group("{1}")));
    }
}
