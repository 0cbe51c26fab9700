//! The transactional producer of a worker: hand over, drain, offsets, commit; each with a deadline.

use super::crash::{self, Point};
use super::setup::Setup;
use super::{client, log, names};
use crate::config::TopicsConfig;
use crate::runtime::broker::BrokerError;
use crate::runtime::vitals::Vitals;
use crate::wire::record::OutRecord;
use rdkafka::TopicPartitionList;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long the first call of a producer may take: it waits until what its predecessor left open is settled.
const INIT_TIMEOUT: Duration = Duration::from_secs(30);

/// What to look at when transactions have no coordinator.
const COORDINATOR: &str = "can __transaction_state have as many replicas as transaction.state.log.replication.factor says?";

/// How long to wait for records on their way before an abort; those of a broker that does not answer are not waited for.
const ABORT_PATIENCE: Duration = Duration::from_millis(500);

/// Between two looks at what is still on its way. The client's own flush looks every 100 ms.
const DRAIN_PAUSE: Duration = Duration::from_micros(300);

/// A producer with a transactional id.
pub(super) struct Producer {
    client: BaseProducer<Deliveries>,
    topics: TopicsConfig,
    vitals: Arc<Vitals>,
    /// How long each step of a transaction may take. librdkafka keeps it roughly: with a broker that does not answer, a
    /// call of 8 s returned after 14 s.
    step_timeout: Duration,
}

impl Producer {
    /// Connects, fences any producer of the same id, and waits until what that one left open is committed or aborted.
    pub fn start(setup: &Setup, vitals: Arc<Vitals>) -> Result<Self, BrokerError> {
        let client: BaseProducer<Deliveries> =
            setup.producer().create_with_context(Deliveries::default()).map_err(|error| fatal("make the producer", &error))?;
        client.init_transactions(INIT_TIMEOUT).map_err(|error| {
            let what = "take over the transactional id";
            if let Some(reason) = client.context().refusal() {
                return BrokerError::Fatal(format!("the brokers do not let this client in: {reason}"));
            }
            if error.rdkafka_error_code() == Some(RDKafkaErrorCode::TransactionalIdAuthorizationFailed) {
                let id = &setup.transactional_id;
                return fatal(&format!("{what} {id} (allow WRITE on transactional ids that begin as this one does)"), &error);
            }
            if error.rdkafka_error_code() == Some(RDKafkaErrorCode::InvalidTransactionTimeout) {
                let least = setup.transaction_timeout.as_millis();
                return fatal(&format!("{what} (the brokers' transaction.max.timeout.ms must be {least} or more)"), &error);
            }
            match client.client().fetch_metadata(None, ABORT_PATIENCE) {
                Ok(_) => client::cannot_begin(
                    &format!("{what} (brokers answer, but not the coordinator of transactions: {COORDINATOR})"),
                    &error,
                ),
                Err(_) => client::cannot_begin(what, &error),
            }
        })?;
        Ok(Self { client, topics: setup.topics.clone(), vitals, step_timeout: setup.transaction_timeout })
    }

    /// Lets librdkafka tell what it has to tell outside of transactions.
    pub fn serve(&self) {
        self.client.poll(Duration::ZERO);
    }

    /// Begins a transaction. Nothing is sent yet.
    pub fn begin(&self) -> Result<(), BrokerError> {
        self.client.context().begin();
        self.client.begin_transaction().map_err(|error| fatal("begin a transaction", &error))
    }

    /// Hands a record over to be sent in the background.
    pub fn send(&self, record: &OutRecord) -> Result<(), BrokerError> {
        let deadline = Instant::now() + self.step_timeout;
        let mut native = native(&self.topics, record);
        loop {
            match self.client.send(native) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), refused)) if Instant::now() < deadline => {
                    native = refused;
                    self.wait_a_little();
                }
                Err((error, _)) => {
                    let topic = record_topic(&self.topics, record);
                    return Err(self.client.context().failed(format!("a record for {topic} was refused: {error}")));
                }
            }
        }
    }

    /// Waits until each of these records is with the brokers.
    pub fn drain(&self, records: &[OutRecord]) -> Result<(), BrokerError> {
        let sent = u64::try_from(records.len()).expect("fits");
        let deadline = Instant::now() + self.step_timeout;
        while self.client.in_flight_count() > 0 {
            if Instant::now() >= deadline {
                return Err(BrokerError::Aborted(format!(
                    "{} of the records for {} were not taken within {:?}: are the brokers slow, or is there a quota?",
                    self.client.in_flight_count(),
                    self.topics_of(records),
                    self.step_timeout
                )));
            }
            self.wait_a_little();
        }
        match self.client.context().end() {
            (_, Some(error)) => Err(self.client.context().failed(format!("a record was not taken: {error}"))),
            (delivered, None) if delivered == sent => Ok(()),
            (delivered, None) => Err(BrokerError::Aborted(format!("{sent} records were sent, but {delivered} reported as taken"))),
        }
    }

    /// Puts the offsets into the transaction; the group's coordinator checks who sends them.
    pub fn send_offsets(&self, offsets: &TopicPartitionList, metadata: &ConsumerGroupMetadata) -> Result<(), BrokerError> {
        let _call = self.vitals.call("sending offsets");
        let sent = self.client.send_offsets_to_transaction(offsets, metadata, self.step_timeout);
        sent.map_err(|error| match &error {
            KafkaError::Transaction(cause) if is_rebalancing(cause) => BrokerError::Rebalancing(error.to_string()),
            _ => aborted("send the offsets", &error),
        })
    }

    /// Commits. A commit that timed out usually did happen, and asking again tells.
    pub fn commit(&self) -> Result<(), BrokerError> {
        let commit = || {
            let _call = self.vitals.call("committing");
            self.client.commit_transaction(self.step_timeout)
        };
        crash::at(Point::BeforeCommit);
        let committed = match commit() {
            Err(KafkaError::Transaction(error)) if error.is_retriable() => {
                tracing::warn!(%error, "no answer to a commit, asking again");
                commit()
            }
            committed => committed,
        };
        committed.map_err(|error| aborted("commit", &error))?;
        crash::at(Point::AfterCommit);
        Ok(())
    }

    /// Takes back what was sent, so that others need not wait until the transaction times out; whether that was done. Where
    /// it cannot be, the next producer of the same id sees to it.
    pub fn abort(&self) -> bool {
        // The count includes what librdkafka has to tell, such as why the transaction failed.
        let deadline = Instant::now() + ABORT_PATIENCE;
        while self.client.in_flight_count() > 0 {
            if Instant::now() >= deadline {
                return false;
            }
            self.wait_a_little();
        }
        let _call = self.vitals.call("aborting");
        let aborted = self.client.abort_transaction(self.step_timeout);
        if let Err(error) = &aborted {
            tracing::debug!(%error, "could not abort");
        }
        aborted.is_ok()
    }

    fn topics_of(&self, records: &[OutRecord]) -> String {
        let topics: BTreeSet<&str> = records.iter().map(|record| record_topic(&self.topics, record)).collect();
        topics.into_iter().collect::<Vec<_>>().join(", ")
    }

    /// Takes one event, which may tell of many records; pauses if there was none. The wrapper's own waiting spins.
    fn wait_a_little(&self) {
        let before = self.client.in_flight_count();
        self.client.poll(Duration::ZERO);
        if self.client.in_flight_count() == before {
            thread::sleep(DRAIN_PAUSE);
        }
    }
}

fn record_topic<'a>(topics: &'a TopicsConfig, record: &OutRecord) -> &'a str {
    names::of_output(topics, record.topic)
}

fn native<'a>(topics: &'a TopicsConfig, record: &'a OutRecord) -> BaseRecord<'a, [u8], [u8]> {
    let headers = record.headers.iter().fold(OwnedHeaders::new_with_capacity(record.headers.len()), |headers, (key, value)| {
        headers.insert(Header { key, value: value.as_deref() })
    });
    BaseRecord {
        topic: record_topic(topics, record),
        partition: record.partition,
        payload: record.payload.as_deref(),
        key: record.key.as_deref(),
        timestamp: record.timestamp_ms,
        headers: (!record.headers.is_empty()).then_some(headers),
        delivery_opaque: (),
    }
}

/// Whether the coordinator refused offsets because members come or go, and this one is still among them.
fn is_rebalancing(error: &RDKafkaError) -> bool {
    let code = error.code();
    !error.is_fatal() && matches!(code, RDKafkaErrorCode::IllegalGeneration | RDKafkaErrorCode::RebalanceInProgress)
}

fn fatal(what: &str, error: &KafkaError) -> BrokerError {
    BrokerError::Fatal(format!("cannot {what}: {error}"))
}

fn aborted(what: &str, error: &KafkaError) -> BrokerError {
    match error {
        KafkaError::Transaction(cause) if cause.is_fatal() => fatal(what, error),
        error => BrokerError::Aborted(format!("cannot {what}: {error}")),
    }
}

/// What it takes for the brokers to refuse a producer for a newer one.
const FENCED: &str = "; another process has this transactional id (was state.dir copied?), or the transaction was open for too long";

/// What became of the records of the transaction at hand.
#[derive(Default)]
struct Deliveries {
    delivered: AtomicU64,
    failure: Mutex<Option<KafkaError>>,
    /// Why librdkafka gave the transaction up, in its words: the records themselves are only told to be purged then.
    words: Mutex<Option<String>>,
    /// Why the brokers do not let this client in.
    refusal: Mutex<Option<String>>,
}

impl Deliveries {
    fn begin(&self) {
        self.end();
        lock(&self.words).take();
    }

    /// What came of it that librdkafka gave the transaction up, with why it did.
    fn failed(&self, what: String) -> BrokerError {
        let Some(words) = lock(&self.words).clone() else { return BrokerError::Aborted(what) };
        let says = |signs: &[&str]| signs.iter().any(|sign| words.contains(sign));
        if says(&["MSG_SIZE_TOO_LARGE"]) {
            return BrokerError::TooLarge(words);
        }
        let cause = if says(&["_FENCED", "old epoch", "fenced by a newer"]) { FENCED } else { "" };
        BrokerError::Aborted(format!("{what} ({words}{cause})"))
    }

    fn refusal(&self) -> Option<String> {
        lock(&self.refusal).clone()
    }

    fn end(&self) -> (u64, Option<KafkaError>) {
        (self.delivered.swap(0, Ordering::Relaxed), lock(&self.failure).take())
    }
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log::line(level, facility, message);
        // A partition that is not added since another was refused.
        let is_of_another = message.contains("Operation not attempted");
        if ["ADDPARTS", "TXNERR", "FATAL"].contains(&facility) && !is_of_another {
            // The first says why, those that follow what comes of it.
            lock(&self.words).get_or_insert_with(|| message.to_owned());
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        log::error("producer", &error, reason);
        // A broker that goes in the middle of it has not refused anybody.
        let is_answer = !["transport failure", "timed out", "disconnect"].iter().any(|trouble| reason.to_lowercase().contains(trouble));
        if is_answer && matches!(error, KafkaError::Global(RDKafkaErrorCode::Authentication)) {
            *lock(&self.refusal) = Some(reason.to_owned());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(_) => {
                self.delivered.fetch_add(1, Ordering::Relaxed);
            }
            Err((error, _)) => {
                lock(&self.failure).get_or_insert_with(|| error.clone());
            }
        }
    }
}
