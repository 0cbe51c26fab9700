//! Describing and creating topics: every admin call to the brokers.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, Producer, ProducerContext};
use thiserror::Error;
use tracing::debug;

use super::client;
use crate::config::{ClientKind, KafkaConfig};
use crate::topics::{ObservedTopic, Partitions, TopicSpec};

/// How long any one call may take before the brokers count as unreachable.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// What can go wrong with an admin call.
#[derive(Debug, Error)]
pub enum AdminError {
    /// The client cannot be made from these properties.
    #[error("no client can be made from kafka.properties")]
    Client(#[source] KafkaError),
    /// No broker answered in time.
    #[error(
        "no Kafka broker answered at kafka.bootstrap_servers = \"{servers}\" within {} s{}\n  is the address right, does \
         the broker listen there, and do kafka.properties (security.protocol, sasl.*, ssl.*) match that listener?",
        CALL_TIMEOUT.as_secs(), because(.reason.as_deref())
    )]
    Unreachable {
        /// The servers that were tried.
        servers: String,
        /// What librdkafka said last.
        reason: Option<String>,
    },
    /// The brokers answered, but refused.
    #[error("the brokers refuse to {what}")]
    Refused {
        /// What was asked for.
        what: &'static str,
        /// Their answer.
        source: KafkaError,
    },
}

fn because(reason: Option<&str>) -> String {
    let hint = |reason: &str| {
        let is_refused = reason.contains("certificate verify failed");
        if is_refused { " (or it is of another name than the one in bootstrap_servers, or has expired)" } else { "" }
    };
    reason.map_or_else(String::new, |reason| format!(": {reason}{}", hint(reason)))
}

/// A connection for admin calls.
pub struct Admin {
    client: AdminClient<DefaultClientContext>,
    /// The admin client never polls its main queue, on which librdkafka says why it cannot connect; this one does.
    probe: BaseProducer<LastWords>,
    servers: String,
    runtime: tokio::runtime::Runtime,
}

/// What became of one topic that was to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Creation {
    /// It was created.
    Created,
    /// Somebody else had created it.
    Existed,
    /// The broker refused, for this reason.
    Refused(String),
}

impl Admin {
    /// Makes the clients; the first call connects.
    pub fn new(kafka: &KafkaConfig) -> Result<Self, AdminError> {
        let base = client::base(kafka, ClientKind::Producer);
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        Ok(Self {
            client: base.create().map_err(AdminError::Client)?,
            probe: base.create_with_context(LastWords::default()).map_err(AdminError::Client)?,
            servers: kafka.bootstrap_servers.clone(),
            runtime: runtime.expect("a runtime without I/O needs nothing of the system"),
        })
    }

    /// The topics of these names that exist, with their settings.
    pub fn observe(&self, names: &[&str]) -> Result<BTreeMap<String, ObservedTopic>, AdminError> {
        let partitions = self.partition_counts(names)?;
        let asked: Vec<_> = partitions.keys().map(|name| ResourceSpecifier::Topic(name)).collect();
        if asked.is_empty() {
            return Ok(BTreeMap::new());
        }
        let described = self.runtime.block_on(self.client.describe_configs(&asked, &options()));
        let described = described.map_err(|error| self.failure("describe topics", error))?;
        let settings = described.into_iter().map(|resource| match resource {
            // The wrapper does not look whether the broker has refused to tell; every topic has settings.
            Ok(resource) if resource.entries.is_empty() => Err("the broker tells none".to_owned()),
            Ok(resource) => {
                Ok(resource.entries.into_iter().filter_map(|entry| Some((entry.name, entry.value?))).collect::<BTreeMap<_, _>>())
            }
            Err(code) => Err(code.to_string()),
        });
        // The answers come in the order of the questions.
        let topics = partitions
            .iter()
            .zip(settings)
            .map(|((name, partitions), settings)| (name.clone(), ObservedTopic { partitions: *partitions, settings }));
        Ok(topics.collect())
    }

    /// Creates topics. `partitions` is for those that may have any number, and like `replication` may be −1, the
    /// broker's default.
    pub fn create(&self, specs: &[&TopicSpec], partitions: i32, replication: i32) -> Result<Vec<(String, Creation)>, AdminError> {
        let topics: Vec<_> = specs.iter().map(|spec| new_topic(spec, partitions, replication)).collect();
        let created = self.runtime.block_on(self.client.create_topics(&topics, &options()));
        let created = created.map_err(|error| self.failure("create topics", error))?;
        let outcomes = created.into_iter().map(|result| match result {
            Ok(name) => (name, Creation::Created),
            Err((name, RDKafkaErrorCode::TopicAlreadyExists)) => (name, Creation::Existed),
            Err((name, code)) => (name, Creation::Refused(code.to_string())),
        });
        Ok(outcomes.collect())
    }

    /// All topics are listed, since asking for one by name may create it.
    fn partition_counts(&self, names: &[&str]) -> Result<BTreeMap<String, u32>, AdminError> {
        let metadata = self.probe.client().fetch_metadata(None, CALL_TIMEOUT);
        let metadata = metadata.map_err(|error| self.failure("list topics", error))?;
        let topics = metadata.topics().iter().filter(|topic| names.contains(&topic.name()) && topic.error().is_none());
        let counts = topics.map(|topic| {
            let count = u32::try_from(topic.partitions().len()).expect("partitions are counted in i32");
            (topic.name().to_owned(), count)
        });
        Ok(counts.collect())
    }

    fn failure(&self, what: &'static str, source: KafkaError) -> AdminError {
        let code = match source {
            // The library does not count it among those with a code.
            KafkaError::AdminOp(code) => Some(code),
            _ => source.rdkafka_error_code(),
        };
        match code {
            Some(
                RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::AllBrokersDown
                | RDKafkaErrorCode::OperationTimedOut
                | RDKafkaErrorCode::Resolve,
            ) => AdminError::Unreachable { servers: self.servers.clone(), reason: self.last_words() },
            _ => AdminError::Refused { what, source },
        }
    }

    fn last_words(&self) -> Option<String> {
        const EVENTS_MAX: usize = 1000;
        for _ in 0..EVENTS_MAX {
            self.probe.poll(Duration::ZERO);
        }
        self.probe.context().0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(CALL_TIMEOUT)).operation_timeout(Some(CALL_TIMEOUT))
}

fn new_topic(spec: &TopicSpec, partitions: i32, replication: i32) -> NewTopic<'_> {
    let partitions = match spec.partitions {
        Partitions::Any => partitions,
        Partitions::Exactly(count) | Partitions::AtLeast(count) => i32::try_from(count).expect("the configuration bounds it"),
    };
    let topic = NewTopic::new(&spec.name, partitions, TopicReplication::Fixed(replication));
    spec.settings.iter().fold(topic, |topic, setting| topic.set(setting.name, &setting.value))
}

/// Keeps the last error that librdkafka reported, to tell it if nothing works.
#[derive(Debug, Default)]
struct LastWords(Mutex<Option<String>>);

impl LastWords {
    fn keep(&self, words: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(words.to_owned());
    }
}

impl ClientContext for LastWords {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        debug!(target: "librdkafka", ?level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        debug!(target: "librdkafka", %error, reason);
        // "All brokers down" says less than what was wrong with one.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            self.keep(reason);
        }
    }
}

impl ProducerContext for LastWords {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &rdkafka::message::DeliveryResult<'_>, (): Self::DeliveryOpaque) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_does_not_come_is_no_refusal() {
        let admin = Admin::new(&KafkaConfig::default()).expect("a client");
        let failure = |code| admin.failure("describe topics", KafkaError::AdminOp(code));
        assert!(matches!(failure(RDKafkaErrorCode::OperationTimedOut), AdminError::Unreachable { .. }));
        assert!(matches!(failure(RDKafkaErrorCode::ClusterAuthorizationFailed), AdminError::Refused { .. }));
    }
}
