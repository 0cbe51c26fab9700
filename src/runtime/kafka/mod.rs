//! All that touches librdkafka.

pub mod admin;
pub mod client;
pub mod embedded;

mod apps;
mod backlog;
mod broker;
mod claim;
mod commit;
mod common;
mod crash;
mod ends;
mod epochs;
mod group;
mod leave;
mod log;
mod member;
mod membership;
mod names;
mod pressure;
mod probe;
mod producer;
mod purge;
mod record;
mod reminder;
mod setup;
mod share;
mod silence;
mod stalls;
mod starts;

pub use broker::KafkaBroker;
pub use claim::written_for;
pub use common::Common;
pub use leave::leave;
pub use names::of_output;
pub use pressure::BEHIND_BYTES_MAX;
pub use setup::{Setup, TRANSACTION_TIMEOUT, Weakness};
