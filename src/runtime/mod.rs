//! The shell around the core: tasks, transactions, workers, and the brokers that drive them.

pub mod broker;
pub mod changelog;
pub mod clock;
pub mod digest;
pub mod failures;
pub mod identity;
pub mod ingest;
pub mod kafka;
pub mod marks;
pub mod memory;
pub mod supervisor;
pub mod task;
pub mod time;
pub mod transaction;
pub mod vitals;
pub mod worker;
pub mod workload;
