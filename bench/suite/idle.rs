//! What waid costs while nothing comes.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::report::Idle;
use super::subject::Subject;

/// What is not idle yet: fetches that end, offsets that are written, the checkpoints of what was done last, which come after 5 s.
const COOL_DOWN: Duration = Duration::from_secs(15);

/// Watches a process with nothing to do for so long.
pub fn watch(subject: &Subject, lasting: Duration) -> Result<Idle> {
    thread::sleep(COOL_DOWN);
    let (begin, before) = (Instant::now(), subject.usage()?);
    thread::sleep(lasting);
    let (after, seconds) = (subject.usage()?, begin.elapsed().as_secs_f64());
    Ok(Idle { seconds, core_percent: (after.cpu_seconds - before.cpu_seconds) / seconds * 100.0 })
}
