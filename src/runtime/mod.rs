//! The shell around the core: tasks, transactions, workers, and the brokers that drive them.

pub mod kafka;
