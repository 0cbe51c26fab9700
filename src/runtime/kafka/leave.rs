//! Leaving a group before its consumer is closed.

use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use std::time::{Duration, Instant};

/// After so long the consumer is closed as it is.
const LEFT_WITHIN: Duration = Duration::from_secs(3);

/// How long nothing must have come once nothing is assigned.
const QUIET: Duration = Duration::from_millis(5);

/// Gives up all partitions, in the rebalance callback as ever, and hears what else the group has said.
///
/// A consumer that is closed with two rebalances untold, as one may be that was away for too long, may hang for ever: answered the first,
/// librdkafka ends its part in the group, and what is asked of it after that, for the second, it throws away without an answer
/// (librdkafka's issue 4884; version 2.12.1 still does).
pub fn leave<C: ConsumerContext>(consumer: &BaseConsumer<C>) {
    let deadline = Instant::now() + LEFT_WITHIN;
    consumer.unsubscribe();
    while Instant::now() < deadline {
        let asked = Instant::now();
        // A poll that has told of a rebalance returns at once, with nothing.
        let is_quiet = consumer.poll(QUIET).is_none() && asked.elapsed() >= QUIET;
        if is_quiet && consumer.assignment().is_ok_and(|assigned| assigned.count() == 0) {
            return;
        }
    }
}
