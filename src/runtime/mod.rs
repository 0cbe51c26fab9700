//! The shell around the core: tasks, transactions, workers, and the brokers that drive them.

pub mod broker;
pub mod crew;
pub mod durations;
pub mod ingest;
pub mod kafka;
pub mod memory;
pub mod names;
pub mod reading;
pub mod supervisor;
pub mod tally;
pub mod task;
pub mod transaction;
pub mod vitals;
pub mod worker;
