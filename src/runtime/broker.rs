//! What a worker needs of a broker. Kafka is one; memory, for files and tests, is the other.

use super::workload::Workload;
use crate::wire::packed::SourceTopic;
use std::ops::Range;
use std::time::Duration;

/// A partition of a topic that is read.
pub type Source = (SourceTopic, i32);

/// A log that is read, and a transaction that is written.
pub trait Broker {
    /// Waits up to `wait` for the next record or a change of assignment.
    ///
    /// A partition may be taken away while this waits; the broker then commits what is open, with a checkpoint of the
    /// task that goes, before it lets go.
    ///
    /// # Errors
    /// When the worker must be rebuilt.
    fn poll(&mut self, wait: Duration, work: &mut Workload) -> Result<Polled<'_>, BrokerError>;

    /// Makes all that is open visible at once, with the offsets read so far; nothing is open then.
    ///
    /// # Errors
    /// When it did not happen, or nobody knows; the worker must be rebuilt.
    fn commit(&mut self, work: &mut Workload) -> Result<(), BrokerError>;

    /// From where to where, for now, the log of a task reaches.
    ///
    /// # Errors
    /// When the worker must be rebuilt.
    fn log(&mut self, partition: i32) -> Result<Range<i64>, BrokerError>;

    /// Reads the log of a task from this offset on.
    ///
    /// # Errors
    /// When the worker must be rebuilt.
    fn read_log(&mut self, partition: i32, from: i64) -> Result<(), BrokerError>;

    /// The wall clock, ms.
    fn now_ms(&self) -> i64;

    /// The inputs that were found to be read to their end since this was asked last.
    fn take_ends(&mut self) -> Vec<ReadEnd>;

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

/// An input was read to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReadEnd {
    /// Which.
    pub source: Source,
    /// As of when, wall-clock ms.
    pub at_ms: i64,
    /// Where it ends, if that is behind what was committed of it: the marks of transactions, and what aborted ones wrote, are no records, and are
    /// deleted like records. A committed offset from before them would be gone then.
    pub behind: Option<i64>,
}

/// What a poll brought.
pub enum Polled<'a> {
    /// Nothing in time.
    Nothing,
    /// Partitions given and taken.
    Changed(Vec<Change>),
    /// A record.
    Record(Fetched<'a>),
}

/// A change of what is read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// A partition is this worker's from now on. Inputs are read from the committed offset on. Of a task, the changelog is
    /// read first.
    Assigned {
        /// Which.
        source: Source,
        /// What was committed of it.
        committed: Option<Commit>,
    },
    /// The changelog of this task was read to its end.
    Restored(i32),
    /// A partition is this worker's no more.
    Revoked(Source),
}

/// What is committed of a partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Commit {
    /// The first offset that was not taken.
    pub offset: i64,
    /// What is said beside it.
    pub account: String,
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
    /// The group is about to hand out its partitions anew; in a moment the same can be tried again.
    #[error("the group is being rebalanced: {0}")]
    Rebalancing(String),
    /// Another worker has taken this one's place, or the client is unusable.
    #[error("the client cannot go on: {0}")]
    Fatal(String),
    /// A worker that begins has no broker that answers: it can only wait.
    #[error("no broker answers: {0}")]
    Unreachable(String),
    /// It was told to stop in the middle of something that could be given up.
    #[error("told to stop")]
    Stopped,
    /// What was to be read next was deleted, or its topic was created anew.
    #[error("the next record to read is not there any more; which one that is is looked up when reading begins anew")]
    Missed,
    /// A topic was deleted.
    #[error("there is no topic {0}")]
    NoTopic(String),
    /// A topic takes a record no more that it must take.
    #[error("a topic does not take what it should: {0}; was its max.message.bytes lowered? See waid topics check")]
    TooLarge(String),
    /// The log cannot be read from where it should.
    #[error("the log is not what it should be: {0}")]
    Log(String),
}
