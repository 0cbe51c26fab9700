//! Deletes what checkpoints include from the repartition topic. Nobody reads it again, and nothing else bounds that topic.

use super::client;
use crate::config::{ClientKind, KafkaConfig};
use crate::runtime::broker::BrokerError;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How often records are deleted: the brokers free whole segments only.
const PAUSE: Duration = Duration::from_secs(10);

const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// A thread that deletes, since its requests would hold up a worker.
pub(super) struct Purger(Sender<(i32, i64)>);

impl Purger {
    /// Starts the thread; it ends when this is dropped.
    pub fn start(kafka: &KafkaConfig, topic: &str) -> Result<Self, BrokerError> {
        let admin: Result<AdminClient<DefaultClientContext>, _> = client::base(kafka, ClientKind::Producer).create();
        let admin = admin.map_err(|error| BrokerError::Fatal(format!("cannot make an admin client: {error}")))?;
        let (sender, receiver) = channel();
        let topic = topic.to_owned();
        let started = thread::Builder::new().name("purge".to_owned()).spawn(move || work(&admin, &topic, &receiver));
        started.map_err(|error| BrokerError::Fatal(format!("cannot start a thread: {error}")))?;
        Ok(Self(sender))
    }

    /// All records of a partition before `offset` may go.
    pub fn purge(&self, partition: i32, offset: i64) {
        // Without the thread, records stay for now.
        let _ = self.0.send((partition, offset));
    }
}

fn work(admin: &AdminClient<DefaultClientContext>, topic: &str, receiver: &Receiver<(i32, i64)>) {
    let mut due: BTreeMap<i32, i64> = BTreeMap::new();
    let mut last = Instant::now();
    loop {
        match receiver.recv_timeout(PAUSE) {
            Ok((partition, offset)) => drop(due.insert(partition, offset)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if !due.is_empty() && last.elapsed() >= PAUSE {
            last = Instant::now();
            delete(admin, topic, std::mem::take(&mut due));
        }
    }
}

fn delete(admin: &AdminClient<DefaultClientContext>, topic: &str, due: BTreeMap<i32, i64>) {
    let mut offsets = TopicPartitionList::with_capacity(due.len());
    for (partition, offset) in due {
        offsets.add_partition_offset(topic, partition, Offset::Offset(offset)).expect("no offset that is not one");
    }
    let options = AdminOptions::new().request_timeout(Some(REQUEST_TIMEOUT)).operation_timeout(Some(REQUEST_TIMEOUT));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without I/O needs nothing of the system");
    let deleted = runtime.block_on(admin.delete_records(&offsets, &options));
    let deleted =
        deleted.and_then(|list| list.elements().iter().try_for_each(rdkafka::topic_partition_list::TopicPartitionListElem::error));
    if let Err(error) = deleted {
        // The wrapper calls each error one of fetching offsets.
        let why = error.rdkafka_error_code().map_or_else(|| error.to_string(), |code| code.to_string());
        tracing::warn!(
            why,
            topic,
            "records that are in checkpoints could not be deleted, and stay for now: may this user Delete in the topic?"
        );
        // librdkafka asks whom it took for the leader before, also after that one has said that it is none.
        let _ = admin.inner().fetch_metadata(Some(topic), REQUEST_TIMEOUT);
    }
}
