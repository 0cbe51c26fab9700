//! What a worker needs of a broker. Kafka is one; memory, for files and tests, is the other.

use super::transaction::Transaction;
use crate::wire::packed::SourceTopic;
use std::time::Duration;

/// A partition of a topic that is read.
pub type Source = (SourceTopic, i32);

/// A log that is read, and a transaction that is written.
pub trait Broker {
    /// Waits up to `wait` for the next record or a change of assignment.
    ///
    /// A partition may be taken away while this waits; the broker then commits `open` before it lets go.
    ///
    /// # Errors
    /// When the worker must be rebuilt.
    fn poll(&mut self, wait: Duration, open: &mut Transaction) -> Result<Polled<'_>, BrokerError>;

    /// Makes all of `open` visible at once, with the offsets read so far, and empties it.
    ///
    /// # Errors
    /// When it did not happen, or nobody knows; the worker must be rebuilt.
    fn commit(&mut self, open: &mut Transaction) -> Result<(), BrokerError>;

    /// How many partitions the topics that are read have: webhooks, sends, repartition.
    ///
    /// # Errors
    /// When the broker does not answer.
    fn partitions(&mut self) -> Result<PartitionCounts, BrokerError>;

    /// Leaves: everything is committed already.
    fn close(self);
}

/// How many partitions the topics that are read have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PartitionCounts {
    /// The webhooks.
    pub webhooks: i32,
    /// The send records.
    pub sends: i32,
    /// The repartition topic.
    pub repartition: i32,
}

/// What a poll brought. Changes of assignment come before the record.
#[derive(Default)]
pub struct Polled<'a> {
    /// Partitions given and taken.
    pub changes: Vec<Change>,
    /// A record.
    pub record: Option<Fetched<'a>>,
}

/// A change of assignment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// A partition is this worker's from now on. Inputs are read from the committed offset on, a repartition partition from
    /// its start, to rebuild its task.
    Assigned {
        /// Which.
        source: Source,
        /// The offset committed, i.e. the first that was not taken yet.
        committed: Option<i64>,
    },
    /// A partition is this worker's no more.
    Revoked(Source),
}

/// A record as read.
pub struct Fetched<'a> {
    /// From where.
    pub source: Source,
    /// At which offset.
    pub offset: i64,
    /// Its Kafka timestamp, ms.
    pub timestamp_ms: i64,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value.
    pub value: Option<&'a [u8]>,
    /// Its headers, in order.
    pub headers: Vec<(&'a str, Option<&'a [u8]>)>,
}

/// Why a worker cannot go on with its broker.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// What was open is gone; what was read since the last commit will be read again.
    #[error("the transaction was not committed: {0}")]
    Aborted(String),
    /// Another worker has taken this one's place, or the client is unusable.
    #[error("the client cannot go on: {0}")]
    Fatal(String),
    /// It was told to stop in the middle of something that could be given up.
    #[error("told to stop")]
    Stopped,
    /// The log cannot be read from where it should.
    #[error("the log is not what it should be: {0}")]
    Log(String),
}
