//! What the workers of a process have in common: clients for what is asked now and then, beside the two that each worker has.

use super::backlog::Backlog;
use super::probe::Probe;
use super::purge::Purger;
use super::{apps, claim};
use crate::config::{KafkaConfig, TopicsConfig};
use crate::domain::apps::Apps;
use crate::runtime::broker::BrokerError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// One for all workers of a process: a client costs threads, connections and, while nothing comes, most of what a worker does.
pub struct Common {
    pub(super) probe: Arc<Probe>,
    /// None with a mock cluster, which keeps no offsets worth looking at.
    pub(super) backlog: Option<Backlog>,
    /// None with a mock cluster, which deletes nothing.
    pub(super) purger: Option<Purger>,
    misses: AtomicBool,
}

impl Common {
    /// For real brokers. They are asked nothing yet.
    ///
    /// # Errors
    /// When clients or threads cannot be made.
    pub fn new(kafka: &KafkaConfig, topics: &TopicsConfig) -> Result<Self, BrokerError> {
        let probe = Arc::new(Probe::new(kafka)?);
        let backlog = Backlog::watch(kafka, &topics.repartition, Arc::clone(&probe))?;
        Ok(Self { probe, backlog: Some(backlog), purger: Some(Purger::start(kafka, &topics.repartition)?), misses: AtomicBool::new(false) })
    }

    /// Whether the group and the topics belong together.
    ///
    /// # Errors
    /// If they do not, with what to do, or if that is not to be found out.
    pub fn check_claim(&self, topics: &TopicsConfig) -> Result<(), BrokerError> {
        claim::check(&self.probe, topics)
    }

    /// Whether the apps are those that state was written with.
    ///
    /// # Errors
    /// If they are not, with what to do, or if that is not to be found out.
    pub fn check_apps(&self, kafka: &KafkaConfig, topics: &TopicsConfig, listed: &Apps) -> Result<(), BrokerError> {
        apps::check(&self.probe, kafka, topics, listed)
    }

    /// For librdkafka's mock cluster.
    ///
    /// # Errors
    /// See [`Self::new`].
    pub fn for_mock_cluster(kafka: &KafkaConfig) -> Result<Self, BrokerError> {
        Ok(Self { probe: Arc::new(Probe::new(kafka)?), backlog: None, purger: None, misses: AtomicBool::new(false) })
    }

    /// A record that was to be read next is not there. From now on whoever begins to read an input looks whether what it should begin with is.
    pub(super) fn misses(&self) {
        self.misses.store(true, Ordering::Relaxed);
    }

    /// Whether that ever happened in this process.
    pub(super) fn has_missed(&self) -> bool {
        self.misses.load(Ordering::Relaxed)
    }
}
