//! Times and what is made of them.

use std::path::Path;
use std::time::{Duration, Instant};

/// How long something takes.
pub fn timed(what: impl FnOnce()) -> Duration {
    let start = Instant::now();
    what();
    start.elapsed()
}

/// The one in the middle.
pub fn median(numbers: Vec<f64>) -> f64 {
    quantile(numbers, 0.5)
}

/// The one below which this part of them is.
pub fn quantile(mut numbers: Vec<f64>, part: f64) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[((numbers.len() - 1) as f64 * part).round() as usize]
}

/// Speeds a second beside their limits, both measured in turn: medians, and of their ratios the least and
/// the greatest, too. Both of a round are of the same minute, so what the machine does besides is no
/// part of their ratio.
pub fn compared(speeds: Vec<f64>, limits: Vec<f64>) -> String {
    let rounds = speeds.iter().zip(&limits);
    let ratios: Vec<f64> = rounds.map(|(speed, limit)| speed / limit).collect();
    format!(
        "{:.0}/s of {:.0}/s, which is {:.2} ({:.2} to {:.2})",
        median(speeds),
        median(limits),
        median(ratios.clone()),
        quantile(ratios.clone(), 0.0),
        quantile(ratios, 1.0),
    )
}

/// How long it takes until a page of a file in this folder is on the disk, in milliseconds: the
/// median.
pub fn synchronised(folder: &Path) -> f64 {
    use std::os::unix::fs::FileExt;
    let path = folder.join("fdatasync");
    let file = std::fs::File::create(&path).unwrap();
    let times = (0..201).map(|page| {
        file.write_all_at(&[1; 4096], page % 16 * 4096).unwrap();
        timed(|| file.sync_data().unwrap()).as_secs_f64() * 1e3
    });
    let median = median(times.collect());
    std::fs::remove_file(path).unwrap();
    median
}
