//! Which input partitions a worker reads: those that belong to its tasks.
//!
//! The group hands out the partitions of the repartition topic only, and each brings its share of the inputs along. If
//! the inputs were subscribed to as well, the cooperative-sticky assignor would see to it that every worker has the same
//! number of partitions, but not of which topic: a worker that joins would get inputs and no task, and all state and most
//! of the work would stay where it was.

use crate::runtime::broker::{PartitionCounts, Source};
use crate::wire::packed::SourceTopic;

/// The partition of a task, and the input partitions that come with it.
pub(super) fn of_task(partition: i32, counts: PartitionCounts) -> impl Iterator<Item = Source> {
    let tasks = counts.repartition;
    // The two inputs begin half a round apart, so that those with few partitions do not all go to the first tasks.
    let from = |topic, begin: i32, count: i32| {
        (0..count).filter(move |input| (input + begin) % tasks == partition).map(move |input| (topic, input))
    };
    let webhooks = from(SourceTopic::Webhooks, 0, counts.webhooks);
    let sends = from(SourceTopic::Sends, tasks / 2, counts.sends);
    std::iter::once((SourceTopic::Repartition, partition)).chain(webhooks).chain(sends)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_partition_belongs_to_one_task() {
        for (webhooks, sends, repartition) in [(1, 1, 4), (4, 2, 4), (12, 3, 5), (7, 64, 1)] {
            let counts = PartitionCounts { webhooks, sends, repartition };
            let all: Vec<Source> = (0..repartition).flat_map(|task| of_task(task, counts)).collect();
            let expected = usize::try_from(webhooks + sends + repartition).expect("a count");
            assert_eq!((all.len(), all.iter().collect::<BTreeSet<_>>().len()), (expected, expected));
        }
    }

    #[test]
    fn few_inputs_go_to_different_tasks() {
        let counts = PartitionCounts { webhooks: 1, sends: 1, repartition: 4 };
        let shares: Vec<usize> = (0..4).map(|task| of_task(task, counts).count()).collect();
        assert_eq!(shares, [2, 1, 2, 1]);
    }
}
