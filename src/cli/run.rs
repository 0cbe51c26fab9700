//! `waid run`: the processor.

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Args;
use tracing::{info, warn};
use uuid::Uuid;

use super::{Failure, pipeline, topics};
use crate::config::{Config, Loaded};
use crate::http;
use crate::runtime::broker::BrokerError;
use crate::runtime::crew::{Crew, Post};
use crate::runtime::ingest::Ingest;
use crate::runtime::kafka::admin::Admin;
use crate::runtime::kafka::{KafkaBroker, Setup};
use crate::runtime::supervisor::{Patience, supervise};
use crate::runtime::worker::{CommitPolicy, Deployment, Worker};
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
    let (crew, patience) = (Arc::new(Crew::new(config.workers.threads)), Patience::default());
    if let Some(address) = config.http.listen {
        http::open(address, Arc::clone(&crew), patience.call_max).map_err(Failure::failed)?;
    }
    let limits = preflight(config)?;
    let start = Start::new(config, limits);
    info!(group_id = config.kafka.group_id, threads = config.workers.threads, "running");
    supervise(&crew, patience, |post| start.worker(post)).map_err(Failure::failed)?;
    info!("stopped");
    Ok(())
}

/// `max.message.bytes` of each topic, once all of them are as they must be.
fn preflight(config: &Config) -> Result<BTreeMap<String, u64>, Failure> {
    let admin = Admin::new(&config.kafka).map_err(Failure::failed)?;
    let (specs, observed) = topics::observe(&admin, config).map_err(Failure::failed)?;
    let findings = crate::topics::check(&specs, &observed, &config.kafka.bootstrap_servers);
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

/// What every worker of the process is built from.
struct Start<'a> {
    config: &'a Config,
    limits: BTreeMap<String, u64>,
    outputs: Arc<Outputs>,
    deployment: Deployment,
    /// Tells the transactional ids of this process from those of others in the group.
    instance: Uuid,
}

impl<'a> Start<'a> {
    fn new(config: &'a Config, limits: BTreeMap<String, u64>) -> Self {
        let deployment = pipeline::deployment(config, CommitPolicy::default());
        Self { config, limits, outputs: Arc::new(pipeline::outputs(config)), deployment, instance: Uuid::new_v4() }
    }

    /// One worker, from its start until it fails or is told to stop.
    fn worker(&self, post: &Post) -> Result<(), BrokerError> {
        let Config { kafka, topics, .. } = self.config;
        let transactional_id = format!("{}-{}-{}", kafka.group_id, self.instance, post.thread);
        let setup = Setup::new(kafka.clone(), topics.clone(), self.limits.clone(), transactional_id);
        let setup = Setup { stop: Arc::clone(&post.stop), ..setup };
        let broker = KafkaBroker::start(setup, Arc::clone(&self.outputs), Arc::clone(&post.vitals))?;
        let ingest = Ingest::new(pipeline::apps(self.config));
        Worker::new(broker, ingest, self.deployment.clone(), Arc::clone(&self.outputs))?
            .with_vitals(Arc::clone(&post.vitals))
            .run(&post.stop)
    }
}
