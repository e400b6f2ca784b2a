//! Tells when the entries of guestbook are committed: `watch FILE` prints, for each new one, its
//! name and the time at which it was there, in microseconds since 1970.

use std::error::Error;
use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OpenFlags};

/// The pause between two looks.
const PAUSE: Duration = Duration::from_micros(200);

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("which file?")?;
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut version = connection.prepare("PRAGMA data_version")?;
    let mut entries =
        connection.prepare("SELECT rowid, name FROM entry WHERE rowid > ?1 ORDER BY rowid")?;
    let (mut seen, mut last) = (0, 0);
    let mut output = std::io::stdout().lock();
    loop {
        let now: i64 = version.query_row([], |row| row.get(0))?;
        if now == seen {
            std::thread::sleep(PAUSE);
            continue;
        }
        seen = now;
        let found = entries.query_map([last], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        })?;
        let found = found.collect::<Result<Vec<_>, _>>()?;
        let time = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros();
        for (row, name) in found {
            last = row;
            writeln!(output, "{name} {time}")?;
        }
        output.flush()?;
    }
}
