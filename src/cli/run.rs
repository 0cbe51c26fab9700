//! `waid run`: the processor.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tracing::{info, warn};

use super::stop::Beginning;
use super::{Failure, pipeline, topics};
use crate::config::{Config, Loaded};
use crate::http;
use crate::runtime::broker::BrokerError;
use crate::runtime::crew::{Crew, Post};
use crate::runtime::ingest::Ingest;
use crate::runtime::instance::Instance;
use crate::runtime::kafka::admin::Admin;
use crate::runtime::kafka::{BEHIND_BYTES_MAX, Common, KafkaBroker, Setup, TRANSACTION_TIMEOUT};
use crate::runtime::supervisor::{Bounds, supervise};
use crate::runtime::worker::{CommitPolicy, Deployment, Worker};
use crate::runtime::workload::CheckpointPolicy;
use crate::topics::{MAX_MESSAGE_BYTES_DEFAULT, MAX_MESSAGE_BYTES_MARGIN};
use crate::wire::output::Outputs;

/// Join webhooks and sends, and publish identities and conversations, until told to stop.
#[derive(Debug, Args)]
pub struct RunArgs {}

/// Opens the HTTP port, checks that the topics are there and as they must be, then works until SIGTERM or Ctrl-C.
pub fn run(_: &RunArgs, loaded: &Loaded) -> Result<(), Failure> {
    let config = &loaded.config;
    for warning in &loaded.warnings {
        warn!("{warning}");
    }
    let beginning = Beginning::watch()?;
    let (crew, bounds) = (Arc::new(Crew::new(config.workers.threads).with_turn_max(config.kafka.poll_max())), bounds(config));
    if let Some(address) = config.http.listen {
        http::open(address, Arc::clone(&crew), bounds.call_max).map_err(Failure::failed)?;
    }
    let limits = preflight(config)?;
    let common = Common::new(&config.kafka, &config.topics).map_err(Failure::failed)?;
    common.check_claim(&config.topics).map_err(Failure::failed)?;
    common.check_apps(&config.kafka, &config.topics, &pipeline::apps(config)).map_err(Failure::failed)?;
    let start = Start::new(config, limits, instance(loaded)?, common);
    info!(group_id = config.kafka.group_id, threads = config.workers.threads, "running");
    supervise(&crew, bounds, beginning.end(), |post| start.worker(post)).map_err(Failure::failed)?;
    info!("stopped");
    Ok(())
}

/// A call that cannot be cancelled may last for three times what its step may take: as long as that, one of librdkafka's that ends by itself took,
/// with one of three brokers gone.
fn bounds(config: &Config) -> Bounds {
    let call_max = limit("WAID_TEST_CALL_MAX_MS", 3 * transaction_timeout());
    Bounds { call_max, state_bytes_max: config.state.memory_max, ..Bounds::default() }
}

fn transaction_timeout() -> Duration {
    limit("WAID_TEST_TRANSACTION_TIMEOUT_MS", TRANSACTION_TIMEOUT)
}

/// What it is, or what a test of a debug build wants it to be.
fn limit(variable: &str, usual: Duration) -> Duration {
    set(variable).map_or(usual, Duration::from_millis)
}

fn behind_bytes_max() -> u64 {
    set("WAID_TEST_BEHIND_BYTES_MAX").unwrap_or(BEHIND_BYTES_MAX)
}

fn set(variable: &str) -> Option<u64> {
    let set = if cfg!(debug_assertions) { std::env::var(variable).ok() } else { None };
    set.map(|number| number.parse().expect("a number"))
}

/// `max.message.bytes` of each topic, once all of them are as they must be.
fn preflight(config: &Config) -> Result<BTreeMap<String, u64>, Failure> {
    let admin = Admin::new(&config.kafka)?;
    let (specs, observed) = topics::observe(&admin, config)?;
    let findings = topics::findings(config, &specs, &observed);
    if !findings.is_empty() {
        let lines: Vec<String> = findings.iter().map(|finding| format!("  {finding}")).collect();
        return Err(Failure::failed(format!("cannot run with the topics as they are:\n{}", lines.join("\n"))));
    }
    let limits = observed.into_iter().filter_map(|(name, topic)| {
        let limit = topic.settings.ok()?.get("max.message.bytes")?.parse().ok()?;
        Some((name, limit))
    });
    Ok(limits.collect())
}

/// The instance that `state.dir` keeps the id of. A directory that somebody chose must do; the default may be missing.
fn instance(loaded: &Loaded) -> Result<Instance, Failure> {
    match Instance::claim(&loaded.config.state.dir) {
        Ok(instance) => Ok(instance),
        Err(error) if loaded.origins.contains_key("state.dir") => Err(Failure::failed(error)),
        Err(error) => {
            warn!(reason = %error, "going on with an id for this run only: after a crash, readers and the next process wait up to 20 s for what it left open");
            Ok(Instance::random())
        }
    }
}

/// What every worker of the process is built from.
struct Start<'a> {
    config: &'a Config,
    limits: BTreeMap<String, u64>,
    outputs: Arc<Outputs>,
    deployment: Deployment,
    /// Tells the transactional ids of this process from those of others in the group.
    instance: Instance,
    common: Arc<Common>,
}

impl<'a> Start<'a> {
    fn new(config: &'a Config, limits: BTreeMap<String, u64>, instance: Instance, common: Common) -> Self {
        let deployment = pipeline::deployment(config, CommitPolicy::default());
        let deployment = Deployment { checkpoint: Some(CheckpointPolicy::default()), ..deployment };
        Self { config, limits, outputs: Arc::new(pipeline::outputs(config)), deployment, instance, common: Arc::new(common) }
    }

    /// How large a record may be to be kept whole, as a dead letter or on its way through the repartition topic.
    fn original_max(&self) -> u64 {
        let topics = &self.config.topics;
        let limit = |name: &String| self.limits.get(name).copied().unwrap_or(MAX_MESSAGE_BYTES_DEFAULT);
        limit(&topics.dead_letter).min(limit(&topics.repartition)).saturating_sub(MAX_MESSAGE_BYTES_MARGIN)
    }

    /// One worker, from its start until it fails or is told to stop.
    fn worker(&self, post: &Post) -> Result<(), BrokerError> {
        let Config { kafka, topics, .. } = self.config;
        let transactional_id = self.instance.transactional_id(&kafka.group_id, post.thread);
        let setup = Setup::new(kafka.clone(), topics.clone(), self.limits.clone(), transactional_id);
        let (stop, transaction_timeout, behind_bytes_max) = (Arc::clone(&post.stop), transaction_timeout(), behind_bytes_max());
        let setup = Setup { transaction_timeout, stop, behind_bytes_max, ..setup };
        let broker = KafkaBroker::start(setup, Arc::clone(&post.vitals), Arc::clone(&self.common))?;
        let ingest = Ingest::new(pipeline::apps(self.config)).with_original_max(self.original_max());
        Worker::new(broker, ingest, self.deployment.clone(), Arc::clone(&self.outputs))?
            .with_vitals(Arc::clone(&post.vitals))
            .run(&post.stop)
    }
}
