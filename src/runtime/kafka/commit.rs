//! How a transaction is committed: the one place that knows the order, and why it is this one.
//!
//! A worker that keeps up waits a little for more before it commits. What it has done by then is sent ahead
//! ([`Committer::send_ahead`]): to let a transaction into each of its partitions takes the brokers a while, and so that
//! passes while it waits anyway, and does what there is to do for checkpoints. Nobody sees it before the commit. If the
//! partitions are lost meanwhile it is taken back; of a worker that is paused just then, as of one in the middle of a
//! commit, the brokers do so themselves after [`TRANSACTION_TIMEOUT`](super::setup::TRANSACTION_TIMEOUT). A worker with a
//! backlog does not wait, and sends nothing ahead.

use super::crash::{self, Point};
use super::epochs::Epochs;
use super::producer::Producer;
use super::setup::{Setup, Weakness};
use super::{membership, names};
use crate::runtime::broker::{BrokerError, Commit, Source};
use crate::runtime::transaction::Transaction;
use crate::runtime::vitals::Vitals;
use crate::runtime::workload::Workload;
use crate::wire::output::drop_original;
use crate::wire::record::{OutRecord, Topic};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// How long a group may take to settle: a member that does not answer is thrown out after its session timeout, and then
/// this worker waits in the next poll, without an open transaction.
const SETTLED_WITHIN: Duration = Duration::from_secs(3);

const SETTLE_PAUSE: Duration = Duration::from_millis(20);

/// Commits transactions with one producer.
pub(super) struct Committer {
    producer: Producer,
    setup: Setup,
    vitals: Arc<Vitals>,
    /// The records of the open transaction that are on their way.
    ahead: Vec<OutRecord>,
    /// Whether what was sent ahead is to be taken back.
    is_void: bool,
}

impl Committer {
    /// With a producer that has taken over from its predecessor.
    pub fn start(setup: Setup, vitals: Arc<Vitals>) -> Result<Self, BrokerError> {
        let producer = Producer::start(&setup, Arc::clone(&vitals))?;
        Ok(Self { producer, setup, vitals, ahead: Vec::new(), is_void: false })
    }

    /// Lets the producer tell what it has to tell.
    pub fn serve(&self) {
        self.producer.serve();
    }

    /// The consumer and the producer are closed next, for which librdkafka knows no deadline.
    pub fn leaves(&self) {
        self.vitals.leaves();
    }

    /// The worker is given a record of this partition.
    pub fn takes(&self, source: Source) {
        self.vitals.takes(source);
    }

    /// Whether some records of what is open were sent.
    pub fn is_ahead(&self) -> bool {
        !self.ahead.is_empty()
    }

    /// Sends the records of what is open so far. After an error nobody may go on with this producer.
    pub fn send_ahead(&mut self, open: &mut Transaction) -> Result<(), BrokerError> {
        let mut records = open.take_records();
        if records.is_empty() {
            return Ok(());
        }
        self.fit(&mut records)?;
        if !self.is_ahead() {
            self.take_back()?;
            self.producer.begin()?;
        }
        let sent = self.ahead.len();
        self.ahead.append(&mut records);
        self.ahead[sent..].iter().try_for_each(|record| self.producer.send(record))?;
        crash::at(Point::AfterAhead);
        Ok(())
    }

    /// What was open is given up: nothing that was sent ahead may ever be seen. [`Self::take_back`] sees to it.
    pub fn give_up(&mut self) {
        self.is_void |= !std::mem::take(&mut self.ahead).is_empty();
    }

    /// Takes back what was given up, so that nobody waits for it. After an error nobody may go on with this producer.
    pub fn take_back(&mut self) -> Result<(), BrokerError> {
        if !std::mem::take(&mut self.is_void) || self.producer.abort() {
            return Ok(());
        }
        Err(BrokerError::Aborted("what was sent before the partitions were lost could not be taken back".to_owned()))
    }

    /// Makes the records and the offsets of what is open visible at once; returns the offsets. After an error
    /// nobody may go on with this producer: only a new one of the same id settles what became of it.
    pub fn commit<C: ConsumerContext>(
        &mut self,
        consumer: &BaseConsumer<C>,
        epochs: &mut Epochs,
        work: &mut Workload,
    ) -> Result<BTreeMap<Source, Commit>, BrokerError> {
        self.take_back()?;
        let commit = self.vitals.commit();
        let mut tally = work.open.tally.clone();
        let taken = work.open.taken();
        work.seal();
        let (mut rest, offsets) = work.open.finish();
        self.vitals.commits(&offsets);
        self.fit(&mut rest)?;
        let mut records = std::mem::take(&mut self.ahead);
        let sent = records.len();
        records.append(&mut rest);
        tally.published(&records);
        let list = self.prepare(consumer, epochs, &records, sent, &offsets)?;
        // The last step, and the only one whose failure leaves open whether it happened.
        self.producer.commit()?;
        crash::at(Point::BeforeLocalBookkeeping);
        epochs.begin_anew();
        self.commit_outside(consumer, &list)?;
        let took = commit.done(&tally, &offsets);
        tracing::debug!(taken, records = records.len(), ?took, "committed");
        Ok(offsets)
    }

    /// All but the last step. Where the coordinator of the group takes no offsets because members come or go, what was sent
    /// is taken back for certain, and sent again when the group has settled: the partitions are this worker's until it
    /// lets them go itself, and it has not been asked to yet. To build it anew instead would make the group settle again.
    /// Of the records, so many were sent ahead.
    fn prepare<C: ConsumerContext>(
        &self,
        consumer: &BaseConsumer<C>,
        epochs: &Epochs,
        records: &[OutRecord],
        mut sent: usize,
        offsets: &BTreeMap<Source, Commit>,
    ) -> Result<TopicPartitionList, BrokerError> {
        let deadline = Instant::now() + SETTLED_WITHIN;
        loop {
            if sent == 0 {
                self.producer.begin()?;
            }
            let error = match self.send(records, std::mem::take(&mut sent)).and_then(|()| self.settle(consumer, epochs, offsets)) {
                Ok(list) => return Ok(list),
                Err(error) => error,
            };
            let aborted = self.producer.abort();
            match error {
                BrokerError::Rebalancing(_) if aborted && Instant::now() < deadline => {}
                BrokerError::Rebalancing(why) => return Err(BrokerError::Aborted(why)),
                error => return Err(error),
            }
            tracing::debug!("the group is being rebalanced, trying the commit again");
            thread::sleep(SETTLE_PAUSE);
        }
    }

    /// First the records, but those that were sent already. All of them are with the brokers before anything else is done:
    /// the wrapper's commit would wait for them in steps of 100 ms, and one that failed must be known before the offsets say
    /// that all is done.
    fn send(&self, records: &[OutRecord], sent: usize) -> Result<(), BrokerError> {
        records[sent..].iter().try_for_each(|record| self.producer.send(record))?;
        self.producer.drain(records)?;
        crash::at(Point::AfterProduce);
        Ok(())
    }

    /// Then the offsets, which the group's coordinator takes from a live member only; this is what fences a worker whose
    /// partitions have gone to another.
    fn settle<C: ConsumerContext>(
        &self,
        consumer: &BaseConsumer<C>,
        epochs: &Epochs,
        offsets: &BTreeMap<Source, Commit>,
    ) -> Result<TopicPartitionList, BrokerError> {
        if self.setup.has(Weakness::NoOffsets) {
            return self.list(offsets);
        }
        // A transaction without offsets never asks the coordinator: it would not be fenced at all.
        if offsets.is_empty() {
            return Err(BrokerError::Aborted("it has records but no offsets".to_owned()));
        }
        // The metadata first, the checks after it: if the partitions go in between, the metadata is of the generation
        // that has ended, and is refused. In the other order fresh metadata would cover up for stale partitions.
        let metadata = membership::metadata(consumer);
        if !self.setup.has(Weakness::NoEpochs) {
            check_tenure(consumer, epochs, offsets)?;
        }
        let metadata = metadata.map_err(BrokerError::Rebalancing)?;
        let offsets = self.list(offsets)?;
        self.producer.send_offsets(&offsets, &metadata)?;
        crash::at(Point::AfterOffsets);
        Ok(offsets)
    }

    /// Whether what is open outlives that its partitions are lost. Never, but in a test.
    pub fn keeps_what_is_lost(&self) -> bool {
        self.setup.has(Weakness::KeepsLost) || self.setup.has(Weakness::NoEpochs)
    }

    fn list(&self, offsets: &BTreeMap<Source, Commit>) -> Result<TopicPartitionList, BrokerError> {
        let mut list = TopicPartitionList::with_capacity(offsets.len());
        for ((topic, partition), Commit { offset, account }) in offsets {
            let mut element = list.add_partition(names::of_source(&self.setup.topics, *topic), *partition);
            element.set_metadata(account);
            let set = element.set_offset(Offset::Offset(*offset));
            set.map_err(|error| BrokerError::Aborted(format!("offset {offset} of {topic:?}: {error}")))?;
        }
        Ok(list)
    }

    /// See [`Setup::offsets_outside_transaction`].
    fn commit_outside<C: ConsumerContext>(&self, consumer: &BaseConsumer<C>, offsets: &TopicPartitionList) -> Result<(), BrokerError> {
        if !self.setup.offsets_outside_transaction {
            return Ok(());
        }
        let committed = consumer.commit(offsets, CommitMode::Sync);
        committed.map_err(|error| BrokerError::Aborted(format!("cannot commit the offsets outside the transaction: {error}")))
    }

    /// Makes sure that each topic takes its records.
    fn fit(&self, records: &mut [OutRecord]) -> Result<(), BrokerError> {
        self.fit_letters(records);
        self.check_sizes(records)
    }

    /// Dead letters that their topic does not take go without what they are about. Ingest keeps nothing that is too large, but what it kept
    /// may be told of much later, when the topic takes less.
    fn fit_letters(&self, records: &mut [OutRecord]) {
        let limit = self.setup.limit(&self.setup.topics.dead_letter);
        for letter in records.iter_mut().filter(|record| record.topic == Topic::DeadLetter && bytes(record) > limit) {
            let bytes = bytes(letter);
            drop_original(letter, bytes);
        }
    }

    /// A record that its topic does not take would abort the transaction, and the next attempt's, for ever. There is none: each kind has a
    /// bound, and at the start every topic was found to take it.
    fn check_sizes(&self, records: &[OutRecord]) -> Result<(), BrokerError> {
        let size = |record: &&OutRecord| self.setup.limit(names::of_output(&self.setup.topics, record.topic)) < bytes(record);
        let Some(record) = records.iter().find(size) else { return Ok(()) };
        let topic = names::of_output(&self.setup.topics, record.topic);
        Err(BrokerError::Log(format!(
            "a record of {} bytes is too large for {topic}, which takes {}: raise its max.message.bytes, then start again",
            bytes(record),
            self.setup.limit(topic)
        )))
    }
}

/// Whether all partitions have been the worker's, without a break, since the transaction began with them.
fn check_tenure<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    epochs: &Epochs,
    offsets: &BTreeMap<Source, Commit>,
) -> Result<(), BrokerError> {
    if let Some((topic, partition)) = epochs.changed(offsets.keys().copied()) {
        return Err(BrokerError::Aborted(format!("partition {partition} of {topic:?} was given anew since it began")));
    }
    membership::check_held(consumer)
}

/// What a record takes in a batch of its own, at most.
fn bytes(record: &OutRecord) -> u64 {
    const BATCH: usize = 61;
    const RECORD: usize = 36;
    const HEADER: usize = 10;
    let length = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
    let headers = record.headers.iter().map(|(name, value)| HEADER + name.len() + length(value.as_deref())).sum::<usize>();
    u64::try_from(BATCH + RECORD + length(record.key.as_deref()) + length(record.payload.as_deref()) + headers).expect("fits")
}
