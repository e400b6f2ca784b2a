//! Reads variables, and collects what is wrong with them.

use std::num::NonZeroUsize;
use std::str::FromStr;
use std::time::Duration;

use super::{Lookup, Setting};
use platform_ports::location::{Location, NoLocation};

pub(super) struct Reader<'a> {
    pub prefix: String,
    pub lookup: &'a Lookup<'a>,
    pub problems: Vec<String>,
}

impl Reader<'_> {
    /// The value, under the name it was found by.
    fn found(&mut self, setting: &Setting) -> Option<(String, String)> {
        for name in [
            format!("{}{}", self.prefix, setting.name),
            setting.name.to_owned(),
        ] {
            match (self.lookup)(&name) {
                Ok(None) => {}
                // As good as not set: what `NAME= command` in a shell means.
                Ok(Some(value)) if value.is_empty() => {}
                Ok(Some(value)) => return Some((name, value)),
                Err(why) => {
                    self.problems
                        .push(format!("`{name}` cannot be read: {why}"));
                    return None;
                }
            }
        }
        None
    }

    pub fn raw(&mut self, setting: &Setting) -> Option<String> {
        self.found(setting).map(|(_, value)| value)
    }

    /// The value, when it is set and makes sense.
    pub fn given<T: FromStr>(&mut self, setting: &Setting, wanted: &str) -> Option<T> {
        let (name, value) = self.found(setting)?;
        let parsed = value.parse().ok();
        if parsed.is_none() {
            let problem = format!("`{name}` is `{value}`, but has to be {wanted}");
            self.problems.push(problem);
        }
        parsed
    }

    /// The value, or the default.
    pub fn value<T: FromStr>(&mut self, setting: &Setting, default: T, wanted: &str) -> T {
        self.given(setting, wanted).unwrap_or(default)
    }

    /// Where something is. Of what is on a server there is no default but an example, and what was
    /// given is not repeated: it may hold a password.
    pub fn location(
        &mut self,
        setting: &Setting,
        server: Option<&'static str>,
        default: Location,
    ) -> Location {
        let what = setting.says;
        match (self.found(setting), server) {
            (None, None) => {}
            (None, Some(example)) => self.problems.push(format!(
                "`{}` is not set: it says {what}, as `{example}`",
                setting.name
            )),
            (Some((name, value)), _) => match value.parse() {
                Ok(location) => return location,
                Err(NoLocation) => {
                    let example = server.unwrap_or(setting.default);
                    self.problems
                        .push(format!("`{name}` has to say {what}, as `{example}`"));
                }
            },
        }
        default
    }

    /// Where something is that may be left out. What was given is not repeated.
    pub fn maybe_location(&mut self, setting: &Setting, example: Option<&str>) -> Option<Location> {
        let (name, value) = self.found(setting)?;
        let location = value.parse().ok();
        if location.is_none() {
            let what = setting.says;
            let example = example.map_or_else(String::new, |text| format!(", as `{text}`"));
            self.problems
                .push(format!("`{name}` has to say {what}{example}"));
        }
        location
    }

    /// Where several things are, with commas between. What was given is not repeated.
    pub fn locations(&mut self, setting: &Setting, example: Option<&'static str>) -> Vec<Location> {
        let Some((name, value)) = self.found(setting) else {
            return Vec::new();
        };
        let given = value.split(',').map(str::trim);
        let given = given.filter(|one| !one.is_empty()).map(str::parse);
        given
            .collect::<Result<_, _>>()
            .unwrap_or_else(|NoLocation| {
                let example = example.unwrap_or("postgres://name:password@host:5432/database");
                self.problems.push(format!(
                    "`{name}` has to be a list with commas between, as `{example},…`"
                ));
                Vec::new()
            })
    }

    /// Several of what is not secret, with commas between; empty unless it is set.
    pub fn list<T: FromStr>(&mut self, setting: &Setting, wanted: &str) -> Vec<T> {
        let Some((name, value)) = self.found(setting) else {
            return Vec::new();
        };
        let given = value.split(',').map(str::trim);
        let given = given.filter(|one| !one.is_empty()).map(str::parse);
        given.collect::<Result<_, _>>().unwrap_or_else(|_| {
            let problem =
                format!("`{name}` is `{value}`, but has to be {wanted}, with commas between");
            self.problems.push(problem);
            Vec::new()
        })
    }

    /// A number from 1.
    pub fn count(&mut self, setting: &Setting, default: usize) -> usize {
        let given: Option<NonZeroUsize> = self.given(setting, "a number from 1");
        given.map_or(default, NonZeroUsize::get)
    }

    pub fn millis(&mut self, setting: &Setting, default: u64) -> Duration {
        Duration::from_millis(self.value(setting, default, "a number of milliseconds"))
    }
}
