//! Where a database or a broker is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Where a database or a broker is: `sqlite:data/loan.db`, `postgres://loan:…@127.0.0.1:5432/loan`.
///
/// What gives access stays out of sight: shown, it is the server's name alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Location {
    text: String,
    scheme_ends: usize,
}

impl Location {
    /// The file of a scheme that needs no server.
    pub fn file(scheme: &str, path: &Path) -> Self {
        Self {
            text: format!("{scheme}:{}", path.display()),
            scheme_ends: scheme.len(),
        }
    }

    /// What kind of database or broker is there.
    pub fn scheme(&self) -> &str {
        &self.text[..self.scheme_ends]
    }

    /// Whether it begins with one of these schemes.
    pub fn has_scheme(&self, schemes: &[&str]) -> bool {
        schemes.contains(&self.scheme())
    }

    /// Whether it says on which server something is, and not only what.
    pub fn names_server(&self) -> bool {
        let server = self.text[self.scheme_ends + 1..].strip_prefix("//");
        server.is_some_and(|server| !server.is_empty() && !server.starts_with(['/', '?', '#']))
    }

    /// All of it, with what gives access.
    pub fn secret(&self) -> &str {
        &self.text
    }

    /// What stands behind the scheme, as a path.
    pub fn path(&self) -> PathBuf {
        PathBuf::from(&self.text[self.scheme_ends + 1..])
    }
}

/// What [`Location`] looks like, for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoLocation;

impl FromStr for Location {
    type Err = NoLocation;

    fn from_str(text: &str) -> Result<Self, NoLocation> {
        let (scheme, rest) = text.split_once(':').ok_or(NoLocation)?;
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_lowercase())
            && scheme
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c));
        match is_scheme && !rest.is_empty() {
            true => Ok(Self {
                scheme_ends: scheme.len(),
                text: text.to_owned(),
            }),
            false => Err(NoLocation),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rest = &self.text[self.scheme_ends + 1..];
        let Some(rest) = rest.strip_prefix("//") else {
            // A path; or a server's location that lacks its host, of which nobody knows what it is.
            return match self.scheme() {
                "sqlite" | "embedded" => f.write_str(rest),
                scheme => write!(f, "{scheme}:…"),
            };
        };
        // A password may contain anything: nothing before the last `@` is shown.
        let host = rest.rfind('@').map_or(rest, |at| &rest[at + 1..]);
        let shown = host.split(['?', '#']).next().unwrap_or_default();
        write!(f, "{}://{shown}", self.scheme())
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::{Location, NoLocation};

    fn shown(text: &str) -> String {
        text.parse::<Location>().unwrap().to_string()
    }

    #[test]
    fn what_gives_access_is_not_shown() {
        let secrets = [
            "postgres://loan:s3cret@db:5432/loan?password=s3cret",
            "postgres://loan:s3c/ret@s3cret@db:5432/loan#s3cret",
            "postgres://loan:s3cret?x@db:5432/loan",
        ];
        for secret in secrets {
            let location: Location = secret.parse().unwrap();
            for text in [location.to_string(), format!("{location:?}")] {
                assert!(!text.contains("s3c"), "{text}");
            }
            assert_eq!(location.scheme(), "postgres");
            assert_eq!(location.secret(), secret);
        }
        assert_eq!(shown("postgres:loan:s3cret"), "postgres:…");
        assert_eq!(shown("kafka://a:1,b:2"), "kafka://a:1,b:2");
        assert_eq!(
            shown("postgres://u:p@db:5432/loan"),
            "postgres://db:5432/loan"
        );
    }

    #[test]
    fn files_are_shown_as_they_are() {
        let location = Location::file("sqlite", std::path::Path::new("data/loan.db"));
        assert_eq!(location.to_string(), "data/loan.db");
        assert_eq!(location.path(), std::path::Path::new("data/loan.db"));
        assert_eq!(location, "sqlite:data/loan.db".parse().unwrap());
    }

    #[test]
    fn what_has_no_scheme_is_none() {
        for text in ["", "loan.db", "/data/loan.db", ":x", "sqlite:", "C:\\data"] {
            assert_eq!(text.parse::<Location>(), Err(NoLocation), "{text}");
        }
    }
}
