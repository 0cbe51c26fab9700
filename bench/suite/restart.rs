//! How long a process that is started after one was killed takes until its tasks work again, with all their state.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value;

use super::report::Restart;
use super::subject::Subject;
use super::waid::Waid;
use crate::support::wait_until;

/// How long what is to be restored may still change: it is in a checkpoint after 5 s.
const SETTLED: Duration = Duration::from_secs(6);

/// Kills the process as SIGKILL does, and starts another.
pub fn measure(waid: &Waid<'_>, running: Subject) -> Result<(Restart, Subject)> {
    std::thread::sleep(SETTLED);
    drop(running);
    let begin = Instant::now();
    let subject = waid.start()?;
    let tasks = waid.tasks();
    let rows = wait_until("all tasks to work again", || {
        let lines: Vec<Value> = subject.log().lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let said = |what: &'static str| lines.iter().filter(move |line| line["message"] == what);
        let replays = said("task restored").filter(|line| line["replay"].as_i64() > Some(0)).count();
        let done = said("task restored").count() >= tasks && said("task replayed").count() >= replays;
        done.then(|| said("task restored").filter_map(|line| line["rows"].as_u64()).sum::<u64>())
    });
    let seconds = begin.elapsed().as_secs_f64();
    subject.check()?;
    Ok((Restart { rows, seconds }, subject))
}
