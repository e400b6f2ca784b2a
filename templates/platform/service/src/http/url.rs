//! What a URL is made of.

use axum::http::{StatusCode, Uri};

use super::Problem;

/// Refuses a URL with escapes that are none, or that do not stand for UTF-8. Read all the same it
/// would be another text, which may name what belongs to somebody else.
///
/// # Errors
/// 400, with the part that is wrong.
pub(super) fn check(uri: &Uri) -> Result<(), Problem> {
    for (part, text) in [("path", uri.path()), ("query", uri.query().unwrap_or(""))] {
        if !is_text(text) {
            return Err(bad(part));
        }
    }
    Ok(())
}

/// The answer to a part of a URL that cannot be read.
pub(super) fn bad(part: &str) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "bad-url",
        format!(
            "the {part} of the URL must be UTF-8 in percent encoding, such as `%C3%A9` for `é`"
        ),
    )
}

/// Whether what is escaped stands for UTF-8 together with what is not.
fn is_text(escaped: &str) -> bool {
    let mut bytes = escaped.bytes();
    let mut decoded = Vec::with_capacity(escaped.len());
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => match hexadecimal(&mut bytes) {
                Some(byte) => decoded.push(byte),
                None => return false,
            },
            byte => decoded.push(byte),
        }
    }
    std::str::from_utf8(&decoded).is_ok()
}

/// The byte of the next two digits.
fn hexadecimal(bytes: &mut impl Iterator<Item = u8>) -> Option<u8> {
    let mut digit = || char::from(bytes.next()?).to_digit(16);
    let number = digit()? * 16 + digit()?;
    u8::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::is_text;

    #[test]
    fn escapes_stand_for_utf_8() {
        for text in ["", "/things/a+b", "a=%C3%A9&b=%e2%82%ac", "%25zz", "é"] {
            assert!(is_text(text), "{text}");
        }
        for text in [
            "%",
            "%4",
            "%zz",
            "%+1",
            "%C3",
            "%C3&%A9",
            "%FF",
            "%ED%A0%80",
            "%C0%AF",
        ] {
            assert!(!is_text(text), "{text}");
        }
    }
}
