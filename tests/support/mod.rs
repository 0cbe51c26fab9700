//! A real Kafka for integration tests: one broker for each test binary, and clients that fill, read and inspect it.
//!
//! The broker's jars come from Maven (`download`), it lives in a temporary directory as long as the test process (`process`, `node`, `kafka`),
//! and the helpers are methods of [`Broker`] (`client`, `produce`, `read`). `deployment` runs `waid` itself. Tests share the broker, so they name everything with [`unique`].

#![allow(dead_code, unused_imports)] // Each test binary uses its own part of this.

mod client;
mod deployment;
mod download;
mod kafka;
mod node;
mod process;
mod produce;
mod read;
mod settled;
mod wait;

use std::sync::OnceLock;

pub use client::Committed;
pub use deployment::{Deployment, Running};
pub use kafka::{Broker, start_as_cluster, start_for_long};
pub use node::Node;
pub use process::Process;
pub use produce::{Placed, Producer, Record, send_all};
pub use read::Received;
pub use wait::{DEADLINE, poll_for, wait_until};

/// The broker that all tests of this binary share, started by the first that asks. It ends with the test process.
pub fn broker() -> &'static Broker {
    static SHARED: OnceLock<Result<Broker, String>> = OnceLock::new();
    let started = SHARED.get_or_init(|| Broker::start().map_err(|error| format!("{error:#}")));
    started.as_ref().unwrap_or_else(|error| panic!("{error}"))
}

/// A name for a topic, a group or a prefix that no other test has: `name-` and 32 hexadecimal digits.
pub fn unique(name: &str) -> String {
    format!("{name}-{}", uuid::Uuid::new_v4().simple())
}
