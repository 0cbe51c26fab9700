//! The input topics, and who writes to them.

use std::sync::Mutex;
use std::time::{Duration, Instant};
use std::{mem, thread};

use ::waid::domain::event::Source;
use ::waid::traffic::{Input, World};
use anyhow::{Context, Result, bail};
use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext};

use crate::support::{broker, unique};

const WEBHOOKS_PARTITIONS: i32 = 8;
const SENDS_PARTITIONS: i32 = 4;

/// How long a broker may take for what was handed over.
const DELIVERY_TIMEOUT: Duration = Duration::from_mins(1);

const FULL_PAUSE: Duration = Duration::from_millis(1);

/// Two input topics of their own.
pub struct Inputs {
    /// The topic of webhook bodies.
    pub webhooks: String,
    /// The topic of send records.
    pub sends: String,
}

/// Writes to the two inputs.
pub struct Feeder<'a> {
    inputs: &'a Inputs,
    client: BaseProducer<Deliveries>,
    sent: usize,
}

/// Where an input is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// Of which topic.
    pub source: Source,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
}

impl Inputs {
    /// Creates them, empty.
    pub fn create() -> Self {
        let prefix = unique("bench");
        let inputs = Self { webhooks: format!("{prefix}.whatsapp.webhooks"), sends: format!("{prefix}.whatsapp.sends") };
        broker().create_topic(&inputs.webhooks, WEBHOOKS_PARTITIONS, &[]);
        broker().create_topic(&inputs.sends, SENDS_PARTITIONS, &[]);
        inputs
    }

    /// Both names.
    pub fn topics(&self) -> [&str; 2] {
        [&self.webhooks, &self.sends]
    }

    /// Writes so many inputs of simulated traffic; how many bytes of values.
    pub fn fill(&self, world: &World, count: u32) -> Result<u64> {
        let mut feeder = Feeder::start(self, Duration::from_millis(20))?;
        let mut bytes = 0;
        for (index, input) in world.inputs().take(count as usize).enumerate() {
            bytes += input.value.len() as u64;
            feeder.send(&input, index, input.kafka_ms)?;
        }
        let placed = feeder.finish()?.len();
        if placed != count as usize {
            bail!("the simulated world made {placed} inputs instead of {count}; let it have more people in bench/suite/traffic.rs");
        }
        Ok(bytes)
    }
}

impl<'a> Feeder<'a> {
    /// Connects. Records may wait for others, to be sent together, for as long as `linger`.
    pub fn start(inputs: &'a Inputs, linger: Duration) -> Result<Self> {
        let mut config = broker().config();
        config.set("partitioner", "murmur2_random").set("compression.codec", "lz4").set("linger.ms", linger.as_millis().to_string());
        let client = config.create_with_context(Deliveries::default()).context("cannot make a producer")?;
        Ok(Self { inputs, client, sent: 0 })
    }

    /// Hands an input over. Sends go to the partition of their key; webhooks, which have none, some milliseconds long to one and then to
    /// another, as Kafka's clients do it: what is sent together makes one request.
    pub fn send(&mut self, input: &Input, index: usize, timestamp_ms: i64) -> Result<()> {
        let topic = match input.source {
            Source::Webhooks => &self.inputs.webhooks,
            Source::Sends => &self.inputs.sends,
        };
        let mut record = BaseRecord::<[u8], [u8], usize>::with_opaque_to(topic, index).payload(&input.value).timestamp(timestamp_ms);
        if let Some(key) = &input.key {
            record = record.key(key);
        }
        while let Err((error, refused)) = self.client.send(record) {
            if !matches!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull)) {
                bail!("an input was refused: {error}");
            }
            record = refused;
            self.client.poll(FULL_PAUSE);
        }
        self.sent += 1;
        if self.sent.is_multiple_of(100) {
            self.client.poll(Duration::ZERO);
        }
        Ok(())
    }

    /// Lets the client tell what was delivered.
    pub fn serve(&self) {
        self.client.poll(Duration::ZERO);
    }

    /// Waits until each input is with the broker: where it is, by the index it was sent with.
    pub fn finish(&self) -> Result<Vec<(usize, Place)>> {
        let deadline = Instant::now() + DELIVERY_TIMEOUT;
        while self.client.in_flight_count() > 0 {
            if Instant::now() >= deadline {
                bail!("the broker did not take {} inputs within {DELIVERY_TIMEOUT:?}", self.client.in_flight_count());
            }
            self.client.poll(Duration::ZERO);
            thread::sleep(FULL_PAUSE);
        }
        mem::replace(&mut *self.client.context().0.lock().expect("no panic in a delivery"), Ok(Vec::new())).map_err(Into::into)
    }
}

/// Where the inputs went, or why one of them did not.
struct Deliveries(Mutex<Result<Vec<(usize, Place)>, KafkaError>>);

impl Default for Deliveries {
    fn default() -> Self {
        Self(Mutex::new(Ok(Vec::new())))
    }
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = usize;

    fn delivery(&self, delivered: &DeliveryResult<'_>, index: usize) {
        let mut placed = self.0.lock().expect("no panic in a delivery");
        match (delivered, &mut *placed) {
            (Ok(message), Ok(placed)) => {
                let source = if message.topic().ends_with("sends") { Source::Sends } else { Source::Webhooks };
                placed.push((index, Place { source, partition: message.partition(), offset: message.offset() }));
            }
            (Err((error, _)), Ok(_)) => *placed = Err(error.clone()),
            (_, Err(_)) => {}
        }
    }
}
