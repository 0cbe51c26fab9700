//! A broker in memory: the repartition log of one process, for captures and for tests. Which record comes next is the caller's choice.

use super::broker::{Broker, BrokerError, Change, Fetched, PartitionCounts, Polled, Source};
use super::transaction::Transaction;
use crate::wire::packed::SourceTopic;
use crate::wire::record::{OutRecord, Topic};
use std::collections::BTreeMap;
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
    assigned: bool,
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
}

impl MemoryBroker {
    /// Empty logs.
    #[must_use]
    pub fn new(partitions: PartitionCounts, scheduler: Scheduler) -> Self {
        let counts = [
            (SourceTopic::Webhooks, partitions.webhooks),
            (SourceTopic::Sends, partitions.sends),
            (SourceTopic::Repartition, partitions.repartition),
        ];
        let sources = counts.into_iter().flat_map(|(topic, count)| (0..count).map(move |partition| (topic, partition)));
        let logs = sources.map(|source| (source, Log::default())).collect();
        Self { logs, partitions, scheduler, published: Vec::new(), assigned: false }
    }

    /// Appends a record to an input partition.
    pub fn append(&mut self, source: Source, record: Record) {
        self.logs.entry(source).or_default().records.push(record);
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

    /// Forgets what was read, the repartition log too, to keep memory flat over a long capture: no task is rebuilt from it.
    pub fn trim(&mut self) {
        self.logs.values_mut().for_each(Log::forget_read);
    }

    /// Whether there is something that was not read yet.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.logs.values().any(|log| log.read < log.records.len())
    }

    fn first_changes(&mut self) -> Vec<Change> {
        if std::mem::replace(&mut self.assigned, true) {
            return Vec::new();
        }
        self.logs.keys().map(|source| Change::Assigned { source: *source, committed: None }).collect()
    }
}

impl Broker for MemoryBroker {
    fn poll(&mut self, _: Duration, _: &mut Transaction) -> Result<Polled<'_>, BrokerError> {
        let changes = self.first_changes();
        let ready: Vec<Source> = self.logs.iter().filter(|(_, log)| log.read < log.records.len()).map(|(source, _)| *source).collect();
        if !changes.is_empty() || ready.is_empty() {
            return Ok(Polled { changes, record: None });
        }
        let source = ready[(self.scheduler)(&ready)];
        let log = self.logs.get_mut(&source).expect("it has something");
        let record = &log.records[log.read];
        log.read += 1;
        let headers = record.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        let fetched = Fetched { source, offset: record.offset, timestamp_ms: record.timestamp_ms, key, value, headers };
        Ok(Polled { changes, record: Some(fetched) })
    }

    fn commit(&mut self, open: &mut Transaction) -> Result<(), BrokerError> {
        let (records, _) = open.finish();
        for record in records {
            if record.topic != Topic::Repartition {
                self.published.push(record);
                continue;
            }
            let partition = record.partition.expect("packed records name their partition");
            let log = self.logs.get_mut(&(SourceTopic::Repartition, partition)).expect("a known partition");
            let offset = i64::try_from(log.forgotten + log.records.len()).expect("fits");
            log.records.push(Record { offset, value: record.payload, ..Record::default() });
        }
        Ok(())
    }

    fn partitions(&mut self) -> Result<PartitionCounts, BrokerError> {
        Ok(self.partitions)
    }

    fn close(self) {}
}
