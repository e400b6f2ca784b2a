//! `microdb.lock`: what holds for the whole system.

use std::collections::BTreeMap;

use super::error::{LockError, Problem};
use super::line::{line, lines, words};
use super::{HEADER, PATH, written};

/// The version of the form of the locks.
const FORMAT: &str = "2";

/// What is kept of the whole system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// The version of the tool that wrote the workspace.
    pub tool: String,
    /// The number of partitions of every topic.
    pub partitions: u32,
    /// The port of each service, by context.
    pub ports: BTreeMap<String, u16>,
}

impl Root {
    /// Reads the text of the file. The order of entries does not matter; after a merge the tool is the
    /// newer one, and a service has the lower of two ports.
    ///
    /// # Errors
    /// When it is not one that [`Self::render`] gives, or two that were merged.
    pub fn read(text: &str) -> Result<Self, LockError> {
        let failed = |problem| LockError {
            path: PATH.to_owned(),
            problem,
        };
        let (mut format, mut tool, mut partitions) = (None, None, None);
        let mut ports = BTreeMap::new();
        for (number, text) in lines(text) {
            let broken = || failed(Problem::Entry { line: number });
            let words = words(text).ok_or_else(broken)?;
            match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                ["format", FORMAT] => format = Some(()),
                ["format", other] => {
                    let format = other.to_owned();
                    return Err(failed(Problem::Format { format }));
                }
                ["tool", version] => tool = Some(newer(tool, version)),
                ["partitions", count] => {
                    let count: u32 = count.parse().map_err(|_| broken())?;
                    if let Some(other) = partitions.replace(count).filter(|other| *other != count) {
                        let of = "the number of partitions".to_owned();
                        let says = [other, count].map(|it| it.to_string());
                        return Err(failed(Problem::Contradiction { of, says }));
                    }
                }
                ["port", context, port] => {
                    let port: u16 = port.parse().map_err(|_| broken())?;
                    let known = ports.entry(context.to_owned()).or_insert(port);
                    *known = port.min(*known);
                }
                _ => return Err(broken()),
            }
        }
        let missing = |entry| failed(Problem::Missing { entry });
        format.ok_or_else(|| missing("format"))?;
        Ok(Self {
            tool: tool.ok_or_else(|| missing("tool"))?,
            partitions: partitions.ok_or_else(|| missing("partitions"))?,
            ports,
        })
    }

    /// The text of the file.
    pub fn render(&self) -> String {
        let ports = self.ports.iter();
        let ports = ports.map(|(context, port)| line(["port", context, &port.to_string()]));
        let head = [
            line(["format", FORMAT]),
            line(["partitions", &self.partitions.to_string()]),
            line(["tool", &self.tool]),
        ];
        written(HEADER, head.into_iter().chain(ports))
    }
}

/// The newer of two versions.
fn newer(one: Option<String>, other: &str) -> String {
    match one {
        Some(one) if version(&one) > version(other) => one,
        _ => other.to_owned(),
    }
}

/// The numbers of a version, to be compared.
pub fn version(text: &str) -> Vec<u64> {
    let numbers = text.split(['.', '-', '+']);
    numbers.map_while(|number| number.parse().ok()).collect()
}
