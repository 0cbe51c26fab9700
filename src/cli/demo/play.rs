//! The world through the processor: an embedded broker, one thread that feeds it, one that works, and one that reads what comes of it.

use crate::cli::pipeline;
use crate::config::{Config, KafkaConfig, TopicsConfig};
use crate::domain::event::Source;
use crate::runtime::broker::BrokerError;
use crate::runtime::ingest::Ingest;
use crate::runtime::kafka::embedded::{Embedded, EmbeddedError, Feeder, PARTITION_BYTES_MAX, Reader};
use crate::runtime::kafka::{Common, KafkaBroker, Setup};
use crate::runtime::vitals::Vitals;
use crate::runtime::worker::{CommitPolicy, Worker};
use crate::traffic::World;
use crate::traffic::audit::{Audit, Published, Verdict};
use crate::traffic::truth::Summary;
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};
use thiserror::Error;

/// What came of it.
pub struct Played {
    /// What was said, against what is true.
    pub verdict: Verdict,
    /// What was said.
    pub audit: Audit,
    /// How many records went in.
    pub inputs: u64,
    /// From the first answer to the last.
    pub took: Duration,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum PlayError {
    /// The broker or a client of it.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// The processor.
    #[error("the processor ended: {0}")]
    Worker(#[from] BrokerError),
    /// Nothing more came of it, and yet it was not done.
    #[error("the processor did not read everything within {} s", PATIENCE.as_secs())]
    Stuck,
    /// A defect.
    #[error("a thread of the demo panicked")]
    Panicked,
}

/// What people make of each topic on average, in bytes of the largest one, generously rounded up.
const BYTES_OF_PERSON: usize = 18_000;

/// How many people's records a partition holds: the broker forgets what is over its limit, and people are not spread evenly.
const PEOPLE_OF_PARTITION: usize = PARTITION_BYTES_MAX / 4 * 3 / BYTES_OF_PERSON;

/// How long without anything to read before it is asked whether all is done.
const QUIET: Duration = Duration::from_millis(150);

/// How long without anything to read before it is given up.
const PATIENCE: Duration = Duration::from_mins(1);

/// Plays the world.
pub fn play(world: &World) -> Result<Played, PlayError> {
    let partitions = i32::try_from((world.settings().people as usize).div_ceil(PEOPLE_OF_PARTITION)).expect("few");
    let mut config = Config { apps: world.listed_apps(), ..Config::default() };
    config.topics.repartition_partitions = partitions.unsigned_abs();
    let names = config.topics.names().map(|(_, name)| (name, partitions));
    let embedded = Embedded::start(&names)?;
    config.kafka = KafkaConfig { bootstrap_servers: embedded.bootstrap_servers(), group_id: "waid-demo".to_owned(), ..config.kafka };
    let (feeder, stop) = (embedded.feeder()?, AtomicBool::new(false));
    thread::scope(|scope| {
        let feeder = scope.spawn(|| feed(world, &feeder, &config.topics, partitions));
        let worker = scope.spawn(|| work(&config, &stop));
        let heard = Ear { world, embedded: &embedded, config: &config }.listen(&feeder, &worker);
        stop.store(true, Ordering::Relaxed);
        let inputs = feeder.join().map_err(|_| PlayError::Panicked)??;
        worker.join().map_err(|_| PlayError::Panicked)??;
        let (audit, took) = heard?;
        Ok(Played { verdict: audit.verdict(world), audit, inputs, took })
    })
}

/// Writes all records of the world, over all partitions.
fn feed(world: &World, feeder: &Feeder, topics: &TopicsConfig, partitions: i32) -> Result<u64, EmbeddedError> {
    let (mut inputs, mut partition) = (0, 0);
    for input in world.inputs() {
        let topic = match input.source {
            Source::Webhooks => &topics.webhooks,
            Source::Sends => &topics.sends,
        };
        feeder.send(topic, partition, input.key.as_deref(), &input.value, input.kafka_ms)?;
        partition = (partition + 1) % partitions;
        inputs += 1;
    }
    feeder.flush()?;
    Ok(inputs)
}

/// The processor, as `waid run` runs it.
fn work(config: &Config, stop: &AtomicBool) -> Result<(), BrokerError> {
    let outputs = Arc::new(pipeline::outputs(config));
    let setup = Setup::for_mock_cluster(config.kafka.clone(), config.topics.clone(), "waid-demo-0".to_owned());
    let common = Common::for_mock_cluster(&config.kafka)?;
    let broker = KafkaBroker::start(setup, Arc::new(Vitals::default()), Arc::new(common))?;
    let deployment = pipeline::deployment(config, CommitPolicy::default());
    Worker::new(broker, Ingest::new(pipeline::apps(config)), deployment, outputs)?.run(stop)
}

/// Who listens to what is published.
struct Ear<'a> {
    world: &'a World,
    embedded: &'a Embedded,
    config: &'a Config,
}

impl Ear<'_> {
    /// Reads what is published until the processor has read everything. All that was said, and how long it took from the first to the last.
    fn listen<F, W, E>(
        &self,
        feeder: &ScopedJoinHandle<F>,
        worker: &ScopedJoinHandle<Result<W, E>>,
    ) -> Result<(Audit, Duration), PlayError> {
        let outputs = self.outputs().map(|(name, _)| name);
        let reader = self.embedded.reader(&outputs)?;
        let bar = bar(self.world);
        let (mut audit, mut first, mut last) = (Audit::default(), None, Instant::now());
        let mut before = None;
        loop {
            if self.hear(&reader, &mut audit)? {
                last = Instant::now();
                if first.is_none() {
                    bar.set_message("");
                    first = Some(last);
                }
                bar.set_position(audit.messages() as u64);
                before = None;
                continue;
            }
            let progress = self.progress(feeder)?;
            if progress.is_some() && progress == before && reader.is_at_end()? {
                bar.finish_and_clear();
                return Ok((audit, first.map_or(Duration::ZERO, |first| last - first)));
            }
            before = progress;
            if worker.is_finished() || last.elapsed() > PATIENCE {
                return Err(PlayError::Stuck);
            }
        }
    }

    /// Takes the next output, if there is one.
    fn hear(&self, reader: &Reader, audit: &mut Audit) -> Result<bool, EmbeddedError> {
        let outputs = self.outputs();
        reader.read(QUIET, "waid-reason", |topic, payload, reason| {
            let published = outputs.iter().find(|(name, _)| *name == topic).map(|(_, published)| *published);
            audit.take(published.expect("one of the topics that are read"), payload, reason);
        })
    }

    /// How far the processor is, if it has nothing left to read. Two looks that find the same, with nothing heard in between, mean the end.
    fn progress<F>(&self, feeder: &ScopedJoinHandle<F>) -> Result<Option<i64>, EmbeddedError> {
        if !feeder.is_finished() {
            return Ok(None);
        }
        let TopicsConfig { webhooks, sends, repartition, .. } = &self.config.topics;
        let (read, unread) = self.embedded.progress(&self.config.kafka.group_id, &[webhooks, sends, repartition])?;
        Ok((unread == 0).then_some(read))
    }

    fn outputs(&self) -> [(&str, Published); 5] {
        let topics = &self.config.topics;
        [
            (&topics.identity_resolved, Published::IdentityResolved),
            (&topics.identities, Published::Identities),
            (&topics.conversation_assigned, Published::ConversationAssigned),
            (&topics.send_unresolved, Published::SendUnresolved),
            (&topics.dead_letter, Published::DeadLetter),
        ]
    }
}

/// Messages assigned, of all. Drawn on a terminal only.
fn bar(world: &World) -> ProgressBar {
    let truth = Summary::of(world.truths());
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} messages in their conversations{msg}");
    let bar = ProgressBar::new(truth.messages()).with_style(style.expect("a template that indicatif knows"));
    bar.set_message("; the group is forming, which takes some seconds");
    bar
}
