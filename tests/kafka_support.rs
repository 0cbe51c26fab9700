//! The test support itself: the broker starts, and readers see what was committed and nothing else.

mod support;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::Producer;
use rdkafka::{Offset, TopicPartitionList};
use support::{Committed, DEADLINE, Record, broker, send_all, unique};

const PARTITIONS: i32 = 4;

#[test]
fn a_reader_sees_exactly_the_committed_records() {
    let topic = unique("transactions");
    broker().create_topic(&topic, PARTITIONS, &[]);
    let producer = broker().transactional_producer(&unique("id"));

    producer.begin_transaction().expect("begin");
    let placed = send_all(&producer, &batch(&topic, "committed"));
    producer.commit_transaction(DEADLINE).expect("commit");
    producer.begin_transaction().expect("begin");
    send_all(&producer, &batch(&topic, "aborted"));
    producer.abort_transaction(DEADLINE).expect("abort");

    let received = broker().read_all(&topic);
    assert_eq!(received.len(), placed.len());
    assert!(received.iter().all(|record| record.payload_text() == "committed"));
    for (index, place) in placed.iter().enumerate() {
        let record = received.iter().find(|record| (record.partition, record.offset) == (place.partition, place.offset));
        assert_eq!(record.expect("a record where it was placed").key_text(), format!("key {index}"));
    }
}

#[test]
fn a_record_comes_back_as_it_was_sent() {
    let topic = unique("fields");
    broker().create_topic(&topic, PARTITIONS, &[("cleanup.policy", "compact")]);
    let sent = Record::to(&topic).partition(2).key("key").timestamp_ms(1_000).header("reason", "none").header("raw", [0xff]);
    let placed = broker().produce(std::slice::from_ref(&sent));

    let received = broker().read_until(&topic, |records| !records.is_empty());
    let [record] = received.as_slice() else { panic!("one record, not {received:?}") };
    assert_eq!((record.partition, record.offset), (2, placed[0].offset));
    assert_eq!((record.timestamp_ms, &record.payload), (Some(1_000), &None));
    assert_eq!((&record.key, &record.headers), (&sent.key, &sent.headers));
}

#[test]
fn offsets_of_a_transaction_are_the_groups() {
    let (topic, group) = (unique("offsets"), unique("group"));
    broker().create_topic(&topic, PARTITIONS, &[]);
    assert!(broker().committed(&group, &topic).is_empty());

    let member: BaseConsumer = broker().config().set("group.id", &group).create().expect("a consumer");
    let producer = broker().transactional_producer(&unique("id"));
    let mut offsets = TopicPartitionList::new();
    offsets.add_partition_offset(&topic, 3, Offset::Offset(7)).expect("a valid offset");
    offsets.find_partition(&topic, 3).expect("just added").set_metadata("note");
    producer.begin_transaction().expect("begin");
    producer.send_offsets_to_transaction(&offsets, &member.group_metadata().expect("a group"), DEADLINE).expect("send offsets");
    producer.commit_transaction(DEADLINE).expect("commit");

    let expected = [(3, Committed { offset: 7, metadata: "note".to_owned() })];
    assert_eq!(broker().committed(&group, &topic), expected.into());
}

fn batch(topic: &str, payload: &str) -> Vec<Record> {
    (0..40).map(|index| Record::to(topic).key(format!("key {index}")).payload(payload)).collect()
}
