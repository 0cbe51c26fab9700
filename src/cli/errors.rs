//! Standard error, as far as it takes what is written: a reader that has gone away, or a full disk, is no reason to fail or to stop.

use std::io::{self, Stderr, Write, stderr};
use std::sync::OnceLock;

use tracing::error;

/// Whether what the process ends with is a line of its log.
static IS_LOG: OnceLock<()> = OnceLock::new();

/// Where log lines go.
pub(super) struct Errors(Stderr);

impl Errors {
    /// Standard error.
    pub(super) fn open() -> Self {
        Self(stderr())
    }
}

impl Write for Errors {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(self.0.write(bytes).unwrap_or(bytes.len()))
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self.0.flush();
        Ok(())
    }
}

/// From now on, what the process ends with is a line of its log.
pub(super) fn log_the_end() {
    IS_LOG.get_or_init(|| ());
}

/// Says why the process ends, to people or as the last line of its log.
pub fn tell_the_end(why: &str) {
    if IS_LOG.get().is_some() {
        error!(reason = why, "failed");
    } else {
        say(&format!("waid: {why}\n"));
    }
}

/// Writes this.
pub(super) fn say(text: &str) {
    let _ = stderr().write_all(text.as_bytes());
}
