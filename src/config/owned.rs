//! The librdkafka properties that waid sets itself, and why nobody else may.

/// Why a property may not be set, if waid owns it.
pub(super) fn reason(name: &str) -> Option<&'static str> {
    OWNED.iter().find(|(names, _)| names.contains(&name)).map(|(_, reason)| *reason)
}

/// Each reason with the properties, aliases included, that it holds for.
const OWNED: &[(&[&str], &str)] = &[
    (&["bootstrap.servers", "metadata.broker.list"], "set kafka.bootstrap_servers instead"),
    (&["group.id"], "set kafka.group_id instead"),
    (
        &[
            "enable.auto.commit",
            "auto.commit.enable",
            "auto.commit.interval.ms",
            "enable.auto.offset.store",
            "offset.store.method",
            "offset.store.path",
            "offset.store.sync.interval.ms",
        ],
        "offsets are committed in the same transaction as the output; a second commit would lose or repeat records",
    ),
    (&["auto.offset.reset"], "where to begin is decided at the first start; a silent reset later would skip or repeat records"),
    (&["isolation.level"], "only committed records are read; others may be taken back"),
    (&["transactional.id"], "each worker derives its own from kafka.group_id; two with the same one would fence each other out"),
    (&["transaction.timeout.ms"], "it is 10 s, and the session timeout and the watchdog are set against it"),
    (
        &[
            "enable.idempotence",
            "enable.gapless.guarantee",
            "acks",
            "request.required.acks",
            "retries",
            "message.send.max.retries",
            "max.in.flight",
            "max.in.flight.requests.per.connection",
            "message.timeout.ms",
            "delivery.timeout.ms",
            "queuing.strategy",
        ],
        "a transactional producer needs the value it has: nothing lost, nothing twice, in order",
    ),
    (
        &["partition.assignment.strategy", "group.protocol", "group.protocol.type", "group.remote.assignor"],
        "the group is classic and cooperative-sticky: other protocols stop all workers at each change, or are not \
         safe with transactions in this librdkafka",
    ),
    (&["group.instance.id"], "static membership would leave a dead worker's partitions idle until its session ends"),
    (&["enable.partition.eof"], "the end of a partition tells that a state is restored"),
    (
        &["partitioner", "sticky.partitioning.linger.ms"],
        "the partition of each record is chosen from its key, so that others can co-partition",
    ),
    (&["message.max.bytes"], "it follows the limits of the topics"),
    (&["allow.auto.create.topics"], "topics are created by `waid topics create`, never by accident"),
    (&["delivery.report.only.error", "produce.offset.report"], "every delivery is counted before its transaction is committed"),
    (&["statistics.interval.ms"], "the progress is told by it, and what is to be done now and then is done when it comes"),
    (&["plugin.library.paths"], "no code is loaded at run time"),
    (&["log_level", "log.queue"], "set the environment variable WAID_LOG instead"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owned_properties_exist() {
        for name in OWNED.iter().flat_map(|(names, _)| names.iter()) {
            assert!(super::super::all_properties().any(|known| known == *name), "{name}");
        }
    }
}
