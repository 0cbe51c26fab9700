//! Whether a group has read everything, when what it reads may make more for it to read.

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};
use waid::wire::packed;

use super::client::stable_offsets;
use super::kafka::Broker;
use super::wait::wait_until;

impl Broker {
    /// Waits until the group has committed all records of these topics, but for those by which waid keeps its clocks: these never end.
    ///
    /// What is read and committed while this looks makes records elsewhere, but was itself behind what was committed before.
    pub fn wait_until_read(&self, group: &str, topics: &[&str]) {
        let reader = self.reader_as(group);
        let mut asked = TopicPartitionList::new();
        for topic in topics {
            for partition in self.partitions(topic) {
                asked.add_partition(topic, partition);
            }
        }
        wait_until(&format!("{group} to have read everything"), || {
            let committed = stable_offsets(&reader, &asked);
            // What is behind a transaction that is still open, that of a dead worker say, is there and cannot be seen.
            for topic in topics {
                self.wait_until_stable(topic, &self.partitions(topic), &reader);
            }
            (!holds_more(&reader, &committed)).then_some(())
        });
    }
}

/// Whether a record of the repartition log holds no events.
fn is_tick(payload: &[u8]) -> bool {
    packed::decode(payload).is_ok_and(|packed| packed.events.is_empty() && packed.part.is_none())
}

/// Whether there are records at or after these offsets; partitions without one count from their beginning.
fn holds_more(reader: &BaseConsumer, from: &TopicPartitionList) -> bool {
    let mut assignment = from.clone();
    for element in from.elements() {
        let offset = if element.offset() == Offset::Invalid { Offset::Beginning } else { element.offset() };
        assignment.set_partition_offset(element.topic(), element.partition(), offset).expect("a partition of the list");
    }
    reader.assign(&assignment).expect("an assignment");
    let mut unfinished = assignment.count();
    wait_until("a record, or the end of each partition", || match reader.poll(std::time::Duration::from_millis(100)) {
        None => None,
        Some(Ok(record)) => (!is_tick(record.payload().unwrap_or_default())).then_some(true),
        Some(Err(KafkaError::PartitionEOF(_))) => {
            unfinished -= 1;
            (unfinished == 0).then_some(false)
        }
        // It was read, committed and deleted meanwhile.
        Some(Err(error)) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AutoOffsetReset) => Some(true),
        Some(Err(error)) => panic!("cannot read: {error}"),
    })
}
