//! waid: the person behind each number, learned from what WhatsApp itself says.

pub mod domain;
pub mod wire;
