//! waid: the person behind each number, learned from what WhatsApp itself says.
#![doc = include_str!("ARCHITECTURE.md")]

pub mod cli;
pub mod config;
pub mod domain;
pub mod http;
pub mod runtime;
pub mod store;
pub mod topics;
pub mod traffic;
pub mod wire;
