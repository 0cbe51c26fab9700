//! The shell around the core: tasks, transactions, workers, and the brokers that drive them.

pub mod account;
pub mod broker;
pub mod changelog;
pub mod clock;
pub mod crew;
pub mod digest;
pub mod durations;
pub mod epoch;
pub mod failures;
pub mod ingest;
pub mod instance;
pub mod kafka;
pub mod marks;
pub mod memory;
pub mod names;
pub mod reading;
pub mod supervisor;
pub mod tally;
pub mod task;
pub mod time;
pub mod transaction;
pub mod vitals;
pub mod worker;
pub mod workload;
