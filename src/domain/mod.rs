//! The pure core: what records say, what follows from them. No clock, no I/O, no Kafka.
#![doc = include_str!("MEANING.md")]

pub mod apps;
pub mod event;
pub mod flat;
pub mod ids;
pub mod name_based;
pub mod number;
pub mod parse;
pub mod wamid;

pub mod entity;
pub mod evidence;
pub mod ingest;
pub mod output;
pub mod state;
pub mod step;

pub mod circle;
pub mod contact;
pub mod join;
pub mod message;
pub mod retell;
pub mod row;
pub mod thread;
pub mod walk;

#[cfg(test)]
mod tests;
