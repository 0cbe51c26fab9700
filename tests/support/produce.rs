//! Producing from tests: batches of records, each delivery checked.

use std::mem;
use std::sync::Mutex;
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext};

use super::kafka::Broker;
use super::wait::{DEADLINE, wait_until};

/// A record to send. Without a partition, its key decides as it does in Java clients.
#[derive(Clone, Debug, Default)]
pub struct Record {
    pub topic: String,
    pub partition: Option<i32>,
    pub key: Option<Vec<u8>>,
    pub payload: Option<Vec<u8>>,
    pub timestamp_ms: Option<i64>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

/// Where a record is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    pub partition: i32,
    pub offset: i64,
}

pub type Producer = BaseProducer<Deliveries>;

/// The delivery reports since the last batch: a record's place in the batch, and where it went.
#[derive(Default)]
pub struct Deliveries {
    reports: Mutex<Vec<(usize, Result<Placed, KafkaError>)>>,
}

impl Record {
    pub fn to(topic: &str) -> Self {
        Self { topic: topic.to_owned(), ..Self::default() }
    }

    #[must_use]
    pub fn key(self, key: impl Into<Vec<u8>>) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    #[must_use]
    pub fn payload(self, payload: impl Into<Vec<u8>>) -> Self {
        Self { payload: Some(payload.into()), ..self }
    }

    #[must_use]
    pub fn partition(self, partition: i32) -> Self {
        Self { partition: Some(partition), ..self }
    }

    #[must_use]
    pub fn timestamp_ms(self, timestamp_ms: i64) -> Self {
        Self { timestamp_ms: Some(timestamp_ms), ..self }
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), Some(value.into())));
        self
    }
}

impl Broker {
    /// Sends a batch outside transactions, each record once; returns the place of each record, in the order given.
    pub fn produce(&self, records: &[Record]) -> Vec<Placed> {
        let producer =
            self.config().set("partitioner", "murmur2_random").set("enable.idempotence", "true").create_with_context(Deliveries::default());
        send_all(&producer.expect("a producer"), records)
    }

    /// The same, no more than so many in one batch: a fetch takes whole batches, however little it asks for.
    pub fn produce_in_batches(&self, records: &[Record], size: usize) -> Vec<Placed> {
        let mut config = self.config();
        config.set("partitioner", "murmur2_random").set("enable.idempotence", "true").set("batch.num.messages", size.to_string());
        send_all(&config.create_with_context(Deliveries::default()).expect("a producer"), records)
    }

    /// A producer ready for `begin_transaction`; one that had the same id is fenced.
    pub fn transactional_producer(&self, transactional_id: &str) -> Producer {
        self.producer_for(transactional_id, Duration::from_secs(10))
    }

    /// The same with a transaction that has begun and may stay open for so long.
    pub fn open_producer(&self, transactional_id: &str, timeout: Duration) -> Producer {
        let producer = self.producer_for(transactional_id, timeout);
        producer.begin_transaction().expect("a transaction");
        producer
    }

    fn producer_for(&self, transactional_id: &str, timeout: Duration) -> Producer {
        let mut config = self.config();
        config.set("partitioner", "murmur2_random").set("transactional.id", transactional_id);
        config.set("transaction.timeout.ms", timeout.as_millis().to_string());
        let producer: Producer = config.create_with_context(Deliveries::default()).expect("a producer");
        producer.init_transactions(DEADLINE).expect("an answer to InitProducerId");
        producer
    }
}

/// Sends a batch and waits for its deliveries; panics if one fails. Returns the place of each record, in the order given.
pub fn send_all(producer: &Producer, records: &[Record]) -> Vec<Placed> {
    for (index, record) in records.iter().enumerate() {
        enqueue(producer, record, index);
    }
    wait_until("deliveries", || {
        producer.poll(Duration::ZERO);
        (producer.in_flight_count() == 0).then_some(())
    });
    let mut reports = mem::take(&mut *producer.context().reports.lock().expect("no panic in a delivery"));
    assert_eq!(reports.len(), records.len(), "one report for each record");
    reports.sort_by_key(|(index, _)| *index);
    let place = |(index, report): (usize, Result<_, _>)| report.unwrap_or_else(|error| panic!("record {index} was not delivered: {error}"));
    reports.into_iter().map(place).collect()
}

fn enqueue(producer: &Producer, record: &Record, index: usize) {
    let mut waiting = Some(native(record, index));
    wait_until("room in the producer's queue", || match producer.send(waiting.take()?) {
        Ok(()) => Some(()),
        Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), refused)) => {
            waiting = Some(refused);
            producer.poll(Duration::ZERO);
            None
        }
        Err((error, _)) => panic!("cannot send record {index} to {}: {error}", record.topic),
    });
}

fn native(record: &Record, index: usize) -> BaseRecord<'_, [u8], [u8], Box<usize>> {
    let insert =
        |headers: OwnedHeaders, (name, value): &(String, Option<Vec<u8>>)| headers.insert(Header { key: name, value: value.as_deref() });
    BaseRecord {
        topic: &record.topic,
        partition: record.partition,
        payload: record.payload.as_deref(),
        key: record.key.as_deref(),
        timestamp: record.timestamp_ms,
        headers: (!record.headers.is_empty()).then(|| record.headers.iter().fold(OwnedHeaders::new(), insert)),
        delivery_opaque: Box::new(index),
    }
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<usize>;

    fn delivery(&self, delivered: &DeliveryResult<'_>, index: Box<usize>) {
        let report = match delivered {
            Ok(message) => Ok(Placed { partition: message.partition(), offset: message.offset() }),
            Err((error, _)) => Err(error.clone()),
        };
        self.reports.lock().expect("no panic in a delivery").push((*index, report));
    }
}
