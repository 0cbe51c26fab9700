//! The shell around the domain: what reads, writes, waits and fails.

pub mod kafka;
