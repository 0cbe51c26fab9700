//! What a worker has done since its last commit: records to publish, events packed for other tasks, offsets.

use super::broker::{Commit, Source};
use super::epoch::Epoch;
use super::tally::Tally;
use super::task::Sink;
use crate::domain::entity::Envelope;
use crate::domain::output::Output;
use crate::wire::output::Outputs;
use crate::wire::packed::{self, Control, Mark, Packer, Stamp};
use crate::wire::record::{INTERNAL_BYTES_MAX, OutRecord, Topic};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A packed record is closed when its events are this large: the broker's cost is per record, but a record must stay below its limit. One
/// that is above it still, because of one event or of the names in its dictionary, goes in parts.
const PACKED_BYTES_MAX: usize = 400 * 1024;

/// Everything that becomes visible at once.
pub struct Transaction {
    outputs: Arc<Outputs>,
    records: Vec<OutRecord>,
    packs: BTreeMap<(Source, i32), Pack>,
    ticks: Vec<OutRecord>,
    offsets: BTreeMap<Source, Commit>,
    /// Those in which the inputs at hand are read; what follows from a task's log is of the first.
    epochs: BTreeMap<Source, Epoch>,
    taken: usize,
    taken_bytes: usize,
    /// Whether checkpoints had their turn in it.
    pub has_checkpoints: bool,
    /// What it does, counted.
    pub tally: Tally,
}

/// Events from one source for one partition.
struct Pack {
    packer: Packer,
    /// How many records of the last offset there are already.
    chunks: Option<(i64, u32)>,
    offset: i64,
    epoch: Epoch,
}

impl Transaction {
    /// An empty one, publishing in the form that `outputs` says.
    #[must_use]
    pub fn new(outputs: Arc<Outputs>) -> Self {
        Self {
            outputs,
            records: Vec::new(),
            packs: BTreeMap::new(),
            ticks: Vec::new(),
            offsets: BTreeMap::new(),
            epochs: BTreeMap::new(),
            taken: 0,
            taken_bytes: 0,
            has_checkpoints: false,
            tally: Tally::default(),
        }
    }

    /// Whether there is nothing to commit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty() && self.records.is_empty() && self.packs.is_empty()
    }

    /// How many records were taken in.
    #[must_use]
    pub const fn taken(&self) -> usize {
        self.taken
    }

    /// How many bytes they had.
    #[must_use]
    pub const fn taken_bytes(&self) -> usize {
        self.taken_bytes
    }

    /// An input is read in this epoch from now on.
    pub fn begin(&mut self, source: Source, epoch: Epoch) {
        self.epochs.insert(source, epoch);
    }

    /// Notes that a source was read up to `next`, by a record of so many bytes.
    pub fn advance(&mut self, source: Source, next: i64, bytes: usize) {
        self.offsets.insert(source, Commit { offset: next, account: String::new() });
        self.taken += 1;
        self.taken_bytes += bytes;
    }

    /// Commits the offset of a source as it is: a transaction without offsets would not be fenced.
    pub fn touch(&mut self, source: Source, offset: i64) {
        self.offsets.entry(source).or_insert(Commit { offset, account: String::new() });
    }

    /// Commits a source up to here, though no record of it is there.
    pub fn pass(&mut self, source: Source, next: i64) {
        let commit = self.offsets.entry(source).or_insert(Commit { offset: next, account: String::new() });
        commit.offset = commit.offset.max(next);
    }

    /// Says something beside the offset of a source, if it is committed.
    pub fn account(&mut self, source: Source, account: String) {
        if let Some(commit) = self.offsets.get_mut(&source) {
            commit.account = account;
        }
    }

    /// Records that need no packing, to be added to.
    pub const fn records(&mut self) -> &mut Vec<OutRecord> {
        &mut self.records
    }

    /// Tells all partitions how far the worker has come, behind all that it has told them.
    pub fn tick(&mut self, marks: &[Mark], partitions: i32) {
        let payload = Packer::new().finish(None, marks, None);
        self.ticks.extend((0..partitions).map(|partition| packed_record(partition, payload.clone())));
    }

    /// Tells the tasks of a partition how to take what follows.
    pub fn control(&mut self, partition: i32, control: &Control) {
        let payload = Packer::new().finish(None, &[], Some(control));
        self.records.push(packed_record(partition, payload));
    }

    /// A sink for what follows from the record at `offset` of `source`.
    pub fn sink(&mut self, source: Source, offset: i64) -> TransactionSink<'_> {
        TransactionSink { transaction: self, source, offset }
    }

    /// The records so far, but ticks, which come behind all others. It stays open.
    pub fn take_records(&mut self) -> Vec<OutRecord> {
        for ((source, partition), pack) in self.packs.iter_mut().filter(|(_, pack)| pack.packer.count() > 0) {
            self.records.extend(pack.close(*source).into_iter().map(|payload| packed_record(*partition, payload)));
        }
        std::mem::take(&mut self.records)
    }

    /// The records that were not taken yet and the offsets, to be committed; what was open is empty then.
    pub fn finish(&mut self) -> (Vec<OutRecord>, BTreeMap<Source, Commit>) {
        let mut records = self.take_records();
        records.append(&mut self.ticks);
        self.packs.clear();
        self.taken = 0;
        self.taken_bytes = 0;
        self.has_checkpoints = false;
        self.tally = Tally::default();
        let mut offsets = std::mem::take(&mut self.offsets);
        for (source, commit) in &mut offsets {
            if let Some(epoch) = self.epochs.get(source) {
                commit.account = epoch.to_string();
            }
        }
        (records, offsets)
    }

    /// Forgets a partition that is not this worker's any more.
    pub fn forget(&mut self, source: Source) {
        self.offsets.remove(&source);
        self.epochs.remove(&source);
    }
}

/// Puts what follows from one record into a transaction.
pub struct TransactionSink<'a> {
    transaction: &'a mut Transaction,
    source: Source,
    offset: i64,
}

impl Sink for TransactionSink<'_> {
    fn publish(&mut self, output: &Output) {
        let Transaction { outputs, records, tally, .. } = &mut *self.transaction;
        tally.told(output);
        outputs.records(output, records);
    }

    fn send(&mut self, partition: i32, envelope: &Envelope) {
        let Transaction { packs, records, epochs, .. } = &mut *self.transaction;
        let epoch = || epochs.get(&self.source).copied().unwrap_or_default();
        let pack = packs.entry((self.source, partition)).or_insert_with(|| Pack::new(epoch()));
        if !pack.packer.push_within(envelope, PACKED_BYTES_MAX) {
            records.extend(pack.close(self.source).into_iter().map(|payload| packed_record(partition, payload)));
            pack.packer.push(envelope);
        }
        pack.offset = self.offset;
    }
}

/// Lets everything go: what a task publishes while it is rebuilt was published before.
pub struct Discard;

impl Sink for Discard {
    fn publish(&mut self, _: &Output) {}

    fn send(&mut self, _: i32, _: &Envelope) {}
}

impl Pack {
    fn new(epoch: Epoch) -> Self {
        Self { packer: Packer::new(), chunks: None, offset: 0, epoch }
    }

    /// The packed record so far, or its parts, stamped so that their receiver can tell them from what came before.
    fn close(&mut self, (topic, partition): Source) -> Vec<Vec<u8>> {
        let chunk = self.chunks.filter(|(offset, _)| *offset == self.offset).map_or(0, |(_, chunks)| chunks);
        let stamp = Stamp { topic, partition, offset: self.offset, chunk, epoch: self.epoch.0 };
        let payload = std::mem::take(&mut self.packer).finish(Some(&stamp), &[], None);
        let payloads = if payload.len() <= INTERNAL_BYTES_MAX { vec![payload] } else { packed::split(&payload, &stamp) };
        self.chunks = Some((self.offset, chunk + u32::try_from(payloads.len()).expect("fits")));
        payloads
    }
}

fn packed_record(partition: i32, payload: Vec<u8>) -> OutRecord {
    OutRecord {
        topic: Topic::Repartition,
        partition: Some(partition),
        key: None,
        headers: Vec::new(),
        payload: Some(payload),
        timestamp_ms: None,
    }
}

#[cfg(test)]
mod tests;
