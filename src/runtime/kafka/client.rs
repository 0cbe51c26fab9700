//! What every Kafka client starts from: the brokers, and the properties that the configuration adds.

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use std::time::Duration;

use crate::config::{ClientKind, KafkaConfig};
use crate::runtime::broker::BrokerError;

/// How long a broker may be silent before another connection is tried. A machine that is gone, or cut off, closes none, and what it led is led by others
/// within about as long; by itself librdkafka would wait for a minute, longer than any transaction may take.
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// Brokers, properties and log level; what waid owns is put on top by the caller.
pub fn base(kafka: &KafkaConfig, kind: ClientKind) -> ClientConfig {
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", &kafka.bootstrap_servers).set("client.id", "waid");
    for name in ["socket.timeout.ms", "socket.connection.setup.timeout.ms"] {
        client.set(name, SILENCE_MAX.as_millis().to_string());
    }
    client.set("reconnect.backoff.max.ms", "1000");
    for (name, value) in kafka.properties.for_client(kind) {
        client.set(name, value);
    }
    // For producers the library's default is otherwise. A topic that was deleted would come back with the brokers' defaults, unnoticed.
    client.set("allow.auto.create.topics", "false");
    client.set_log_level(log_level());
    client
}

/// librdkafka is asked for no more than the log takes.
fn log_level() -> RDKafkaLogLevel {
    if tracing::enabled!(target: "librdkafka", tracing::Level::DEBUG) {
        RDKafkaLogLevel::Debug
    } else if tracing::enabled!(target: "librdkafka", tracing::Level::INFO) {
        RDKafkaLogLevel::Info
    } else {
        RDKafkaLogLevel::Warning
    }
}

/// Why a worker cannot begin: there is no broker that answers, or something that waiting does not mend.
pub fn cannot_begin(what: &str, error: &KafkaError) -> BrokerError {
    use RDKafkaErrorCode as Code;
    let why = format!("cannot {what}: {error}");
    match error.rdkafka_error_code() {
        Some(Code::OperationTimedOut | Code::BrokerTransportFailure | Code::AllBrokersDown | Code::Resolve) => {
            BrokerError::Unreachable(why)
        }
        _ => BrokerError::Fatal(why),
    }
}

/// Whether librdkafka takes this value for this property; the error is its own.
pub fn check_property(name: &str, value: &str) -> Result<(), String> {
    let mut one = ClientConfig::new();
    one.set(name, value);
    match one.create_native_config() {
        Ok(_) => Ok(()),
        Err(KafkaError::ClientConfig(_, why, _, _)) => Err(why.trim().to_owned()),
        Err(other) => Err(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::all_properties;

    /// The list of names is a copy from the documentation; this is the library that is linked.
    #[test]
    fn librdkafka_knows_every_listed_property() {
        let unknown = |name| check_property(name, "\u{1}").is_err_and(|why| why.contains("No such configuration"));
        for name in all_properties() {
            assert!(!unknown(name), "{name}");
        }
        assert!(unknown("no.such.property"));
    }

    #[test]
    fn values_are_judged_by_librdkafka() {
        assert_eq!(check_property("security.protocol", "sasl_ssl"), Ok(()));
        let why = check_property("linger.ms", "many").unwrap_err();
        assert!(why.starts_with("Invalid value"), "{why}");
    }
}
