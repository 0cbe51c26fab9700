//! All that touches librdkafka.

pub mod admin;
pub mod client;
