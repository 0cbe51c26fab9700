//! The pure core: what records say, what follows from them. No clock, no I/O, no Kafka.
#![doc = include_str!("MEANING.md")]

pub mod apps;
pub mod event;
pub mod ids;
pub mod number;
