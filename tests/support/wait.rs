//! Waiting for a condition, with a deadline: tests never sleep for a fixed time, except for as long as a fault lasts.

use std::thread;
use std::time::{Duration, Instant};

/// How long a condition may take before a test fails: far above what a loaded machine needs.
pub const DEADLINE: Duration = Duration::from_mins(1);

const STEP: Duration = Duration::from_millis(5);

/// Asks again and again until there is an answer; panics with `what` when there is none in time.
pub fn wait_until<T>(what: &str, answer: impl FnMut() -> Option<T>) -> T {
    poll_for(DEADLINE, answer).unwrap_or_else(|| panic!("waited {DEADLINE:?} in vain: {what}"))
}

/// Asks again and again until there is an answer; `None` when there is none in time.
pub fn poll_for<T>(timeout: Duration, mut answer: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + timeout;
    loop {
        if let Some(answer) = answer() {
            return Some(answer);
        }
        if Instant::now() >= deadline {
            return None;
        }
        thread::sleep(STEP);
    }
}
