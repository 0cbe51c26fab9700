//! What librdkafka says, in the log. It names brokers, topics and partitions, never keys or values.

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use tracing::{debug, info, warn};

/// A line of its own log. Its errors are ours to handle, so none of them is an ERROR yet.
pub(super) fn line(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error | RDKafkaLogLevel::Warning => {
            warn!(target: "librdkafka", facility, message);
        }
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => info!(target: "librdkafka", facility, message),
        RDKafkaLogLevel::Debug => debug!(target: "librdkafka", facility, message),
    }
}

/// Something that it cannot do for now and goes on trying, such as to reach a broker.
pub(super) fn error(client: &'static str, error: &KafkaError, reason: &str) {
    warn!(target: "librdkafka", client, %error, reason, "trouble with kafka");
}
