//! Partitions that are read up to an open transaction which does not end. What stands behind it is nobody's to read until it does; one that a producer
//! leaves open, or that the brokers have lost the end of, is open for ever.

use rdkafka::statistics::Partition;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A transaction of waid's own ends, or is ended, within 20 s; one of another producer by default within a minute.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where reading stands, and since when.
#[derive(Default)]
pub(super) struct Stalls(BTreeMap<(String, i32), Stall>);

struct Stall {
    offset: i64,
    since: Instant,
    told: bool,
}

/// A partition that gets no further.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stalled {
    /// Its topic.
    pub topic: String,
    /// Which.
    pub partition: i32,
    /// Where the open transaction begins.
    pub offset: i64,
    /// Where the partition ends.
    pub end: i64,
}

impl Stalls {
    /// Partitions of this topic are not read just now.
    pub fn forget(&mut self, topic: &str) {
        self.0.retain(|(stalled, _), _| stalled != topic);
    }

    /// Takes in how the partitions of a topic stand; those that are to be told of, each once.
    pub fn note<'a>(&mut self, topic: &str, partitions: impl Iterator<Item = &'a Partition>, now: Instant) -> Vec<Stalled> {
        let mut stalled = Vec::new();
        for partition in partitions {
            let key = (topic.to_owned(), partition.partition);
            let (offset, end) = (partition.ls_offset, partition.hi_offset);
            let waits = partition.fetch_state == "active" && offset >= 0 && partition.eof_offset == offset && offset < end;
            if !waits {
                self.0.remove(&key);
                continue;
            }
            let stall = self.0.entry(key).or_insert(Stall { offset, since: now, told: false });
            if stall.offset != offset {
                *stall = Stall { offset, since: now, told: false };
            }
            if !stall.told && now.duration_since(stall.since) >= PATIENCE {
                stall.told = true;
                stalled.push(Stalled { topic: topic.to_owned(), partition: partition.partition, offset, end });
            }
        }
        stalled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_open_transaction_holds_back_for_long_is_told_once() {
        let partition = |eof_offset, ls_offset, hi_offset| Partition {
            partition: 3,
            fetch_state: "active".to_owned(),
            eof_offset,
            ls_offset,
            hi_offset,
            ..Partition::default()
        };
        let (mut stalls, begin) = (Stalls::default(), Instant::now());
        let mut told = |partition: Partition, after: Duration| stalls.note("sends", [&partition].into_iter(), begin + after).len();
        let open = || partition(5, 5, 9);
        assert_eq!(told(open(), Duration::ZERO), 0, "it may end soon");
        assert_eq!(told(open(), PATIENCE), 1);
        assert_eq!(told(open(), PATIENCE * 3), 0, "it was told");
        assert_eq!(told(partition(7, 7, 9), PATIENCE * 4), 0, "that one has ended, here is another");
        assert_eq!(told(partition(9, 9, 9), PATIENCE * 5), 0);
        assert_eq!(told(partition(9, 12, 15), PATIENCE * 7), 0, "there is more to read before it");
        assert_eq!(told(open(), PATIENCE * 9), 0);
    }
}
