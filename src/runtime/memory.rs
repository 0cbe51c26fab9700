//! A broker in memory: the logs of one process, for captures and for tests. Which record comes next is the caller's choice.

use super::broker::{Broker, BrokerError, Change, Commit, Fetched, PartitionCounts, Polled, ReadEnd, Source};
use super::clock;
use super::vitals::Vitals;
use super::workload::Workload;
use crate::wire::packed::SourceTopic;
use crate::wire::record::{OutRecord, Topic};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// A record of an input topic.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Record {
    /// Its offset.
    pub offset: i64,
    /// Its Kafka timestamp, ms.
    pub timestamp_ms: i64,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value.
    pub value: Option<Vec<u8>>,
    /// Its headers.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

/// Chooses which of the partitions that have something is read next: an index into the list, which is never empty.
pub type Scheduler = Box<dyn FnMut(&[Source]) -> usize>;

/// Logs in memory, all read by one worker.
pub struct MemoryBroker {
    logs: BTreeMap<Source, Log>,
    partitions: PartitionCounts,
    scheduler: Scheduler,
    published: Vec<OutRecord>,
    committed: BTreeMap<Source, Commit>,
    assigned: bool,
    /// Tasks whose changelog is read.
    restoring: BTreeSet<i32>,
    /// Tasks whose log is read.
    reading: BTreeSet<i32>,
    vitals: Arc<Vitals>,
    /// Whether there is no wall clock that a timestamp could be ahead of.
    is_timeless: bool,
}

#[derive(Default)]
struct Log {
    records: Vec<Record>,
    read: usize,
    /// How many records were forgotten.
    forgotten: usize,
}

impl Log {
    fn forget_read(&mut self) {
        self.records.drain(..self.read);
        self.forgotten += self.read;
        self.read = 0;
    }

    fn has_more(&self) -> bool {
        self.read < self.records.len()
    }

    fn start(&self) -> i64 {
        i64::try_from(self.forgotten).expect("fits")
    }

    fn end(&self) -> i64 {
        i64::try_from(self.forgotten + self.records.len()).expect("fits")
    }

    fn seek(&mut self, offset: i64) {
        let before = self.records.iter().take_while(|record| record.offset < offset).count();
        self.read = before;
    }

    fn purge(&mut self, before: i64) {
        let gone = self.records.iter().take_while(|record| record.offset < before).count();
        self.records.drain(..gone);
        self.forgotten += gone;
        self.read = self.read.saturating_sub(gone);
    }
}

impl MemoryBroker {
    /// Empty logs.
    #[must_use]
    pub fn new(partitions: PartitionCounts, scheduler: Scheduler) -> Self {
        let counts = [
            (SourceTopic::Webhooks, partitions.webhooks),
            (SourceTopic::Sends, partitions.sends),
            (SourceTopic::Repartition, partitions.repartition),
            (SourceTopic::Changelog, partitions.repartition),
        ];
        let sources = counts.into_iter().flat_map(|(topic, count)| (0..count).map(move |partition| (topic, partition)));
        let logs = sources.map(|source| (source, Log::default())).collect();
        Self {
            logs,
            partitions,
            scheduler,
            published: Vec::new(),
            committed: BTreeMap::new(),
            assigned: false,
            restoring: BTreeSet::new(),
            reading: BTreeSet::new(),
            vitals: Arc::default(),
            is_timeless: false,
        }
    }

    /// Whatever the wall clock says, no timestamp is ahead of it: what comes out depends on the records alone.
    #[must_use]
    pub fn timeless(self) -> Self {
        Self { is_timeless: true, ..self }
    }

    /// As another worker finds it: whatever was committed, and nobody has read it. `scheduler` chooses from now on.
    pub fn restart(&mut self, scheduler: Scheduler) {
        self.scheduler = scheduler;
        self.assigned = false;
        self.restoring.clear();
        self.reading.clear();
        for (source, log) in &mut self.logs {
            let from = self.committed.get(source).map_or(0, |commit| commit.offset);
            log.seek(if source.0 == SourceTopic::Changelog { 0 } else { from });
        }
    }

    /// Deletes the records of a task's log before this offset.
    pub fn purge(&mut self, partition: i32, before: i64) {
        self.log_mut((SourceTopic::Repartition, partition)).purge(before);
    }

    /// Empties the changelog.
    pub fn lose_changelog(&mut self) {
        self.logs.iter_mut().filter(|((topic, _), _)| *topic == SourceTopic::Changelog).for_each(|(_, log)| log.records.clear());
    }

    fn log_mut(&mut self, source: Source) -> &mut Log {
        self.logs.get_mut(&source).expect("a known partition")
    }

    /// Appends a record to an input partition.
    pub fn append(&mut self, source: Source, record: Record) {
        self.logs.entry(source).or_default().records.push(record);
    }

    /// Where commits are counted.
    #[must_use]
    pub const fn vitals(&self) -> &Arc<Vitals> {
        &self.vitals
    }

    /// What was published since this was asked last.
    pub fn take_published(&mut self) -> Vec<OutRecord> {
        std::mem::take(&mut self.published)
    }

    /// The values of one partition of the repartition log.
    #[must_use]
    pub fn repartition_log(&self, partition: i32) -> Vec<Vec<u8>> {
        let log = &self.logs[&(SourceTopic::Repartition, partition)];
        log.records.iter().map(|record| record.value.clone().unwrap_or_default()).collect()
    }

    /// The keys and values in the changelog of one task.
    pub fn changelog(&self, partition: i32) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        let records = self.logs[&(SourceTopic::Changelog, partition)].records.iter();
        records.map(|record| (record.key.as_deref().unwrap_or_default(), record.value.as_deref()))
    }

    /// Forgets what was read, the repartition log too, to keep memory flat: no task is rebuilt from it.
    pub fn trim(&mut self) {
        self.logs.values_mut().for_each(Log::forget_read);
    }

    /// Whether there is something that was not read yet.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.logs.values().any(Log::has_more)
    }

    fn first_changes(&mut self) -> Vec<Change> {
        self.restoring = (0..self.partitions.repartition).collect();
        let sources = self.logs.keys().filter(|(topic, _)| *topic != SourceTopic::Changelog);
        sources.map(|source| Change::Assigned { source: *source, committed: self.committed.get(source).cloned() }).collect()
    }

    fn restored(&mut self) -> Vec<Change> {
        let ends = |partition: &i32| !self.logs[&(SourceTopic::Changelog, *partition)].has_more();
        let restored: Vec<i32> = self.restoring.iter().copied().filter(ends).collect();
        self.restoring.retain(|partition| !restored.contains(partition));
        restored.into_iter().map(Change::Restored).collect()
    }

    fn is_read(&self, (topic, partition): Source) -> bool {
        match topic {
            SourceTopic::Webhooks | SourceTopic::Sends => true,
            SourceTopic::Repartition => self.reading.contains(&partition),
            SourceTopic::Changelog => self.restoring.contains(&partition),
        }
    }
}

impl Broker for MemoryBroker {
    fn poll(&mut self, _: Duration, _: &mut Workload) -> Result<Polled<'_>, BrokerError> {
        let changes = if std::mem::replace(&mut self.assigned, true) { self.restored() } else { self.first_changes() };
        if !changes.is_empty() {
            return Ok(Polled::Changed(changes));
        }
        let ready = self.logs.iter().filter(|(source, log)| log.has_more() && self.is_read(**source));
        let ready: Vec<Source> = ready.map(|(source, _)| *source).collect();
        if ready.is_empty() {
            return Ok(Polled::Nothing);
        }
        let source = ready[(self.scheduler)(&ready)];
        let log = self.logs.get_mut(&source).expect("it has something");
        let record = &log.records[log.read];
        log.read += 1;
        let headers = record.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        let fetched = Fetched { source, offset: record.offset, timestamp_ms: record.timestamp_ms, key, value, headers };
        Ok(Polled::Record(fetched))
    }

    fn commit(&mut self, work: &mut Workload) -> Result<(), BrokerError> {
        work.seal();
        let tally = std::mem::take(&mut work.open.tally);
        let (records, offsets) = work.open.finish();
        self.vitals.committed(&tally, Duration::ZERO, &offsets);
        self.committed.extend(offsets);
        for record in records {
            let topic = match record.topic {
                Topic::Repartition => SourceTopic::Repartition,
                Topic::Changelog => SourceTopic::Changelog,
                _ => {
                    self.published.push(record);
                    continue;
                }
            };
            let partition = record.partition.expect("internal records name their partition");
            let log = self.log_mut((topic, partition));
            let offset = log.end();
            log.records.push(Record { offset, key: record.key, value: record.payload, ..Record::default() });
        }
        drop(work.take_written());
        Ok(())
    }

    fn log(&mut self, partition: i32) -> Result<Range<i64>, BrokerError> {
        let log = self.log_mut((SourceTopic::Repartition, partition));
        Ok(log.start()..log.end())
    }

    fn read_log(&mut self, partition: i32, from: i64) -> Result<(), BrokerError> {
        self.log_mut((SourceTopic::Repartition, partition)).seek(from);
        self.reading.insert(partition);
        Ok(())
    }

    fn now_ms(&self) -> i64 {
        if self.is_timeless { i64::MAX } else { clock::now_ms() }
    }

    fn take_ends(&mut self) -> Vec<ReadEnd> {
        Vec::new()
    }

    fn partitions(&mut self) -> Result<PartitionCounts, BrokerError> {
        Ok(self.partitions)
    }

    fn close(self) {}
}
