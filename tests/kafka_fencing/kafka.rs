//! What Kafka does by itself. If one of these tests fails after an upgrade, Kafka has become stricter, which is no harm.

use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerGroupMetadata};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::Producer as _;
use rdkafka::{Offset, TopicPartitionList};
use std::ops::Deref;
use std::time::Duration;

use waid::runtime::kafka::leave;

use crate::support::{DEADLINE, Producer, Record, broker, send_all, unique, wait_until};

const POLL: Duration = Duration::from_millis(50);
const RECORDS: i64 = 10;

/// A member of a group, which leaves it in the end.
struct Member(BaseConsumer);

impl Deref for Member {
    type Target = BaseConsumer;

    fn deref(&self) -> &BaseConsumer {
        &self.0
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        leave(&self.0);
    }
}

/// A group that reads one topic, of two partitions with the records in the first, and writes another.
struct Scene {
    group: String,
    input: String,
    output: String,
}

impl Scene {
    fn new() -> Self {
        let scene = Self { group: unique("group"), input: unique("input"), output: unique("output") };
        broker().create_topic(&scene.input, 2, &[]);
        broker().create_topic(&scene.output, 1, &[]);
        let records: Vec<Record> = (0..RECORDS).map(|_| Record::to(&scene.input).partition(0).payload("in")).collect();
        broker().produce(&records);
        scene
    }

    /// A member that is thrown out when it does not poll for a moment.
    fn member(&self) -> Member {
        let mut config = broker().config();
        config.set("group.id", &self.group).set("enable.auto.commit", "false").set("auto.offset.reset", "earliest");
        config.set("session.timeout.ms", "1000").set("heartbeat.interval.ms", "100").set("max.poll.interval.ms", "1500");
        let member: BaseConsumer = config.create().expect("a consumer");
        member.subscribe(&[&self.input]).expect("a subscription");
        Member(member)
    }

    /// A member that has read everything, and is not going to poll soon.
    fn reader(&self) -> Member {
        let member = self.member();
        let mut left = RECORDS;
        wait_until("all records", || {
            left -= i64::from(matches!(member.poll(POLL), Some(Ok(_))));
            (left == 0).then_some(())
        });
        member
    }

    /// A transaction that has written a record.
    fn transaction(&self) -> Producer {
        let producer = broker().transactional_producer(&unique("producer"));
        producer.begin_transaction().expect("a transaction");
        send_all(&producer, &[Record::to(&self.output).payload("out")]);
        producer
    }

    fn read_up_to(&self, offset: i64) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&self.input, 0, Offset::Offset(offset)).expect("a valid offset");
        list
    }

    fn outputs(&self) -> usize {
        broker().read_all(&self.output).len()
    }

    /// The offset that the group has committed.
    fn committed(&self) -> i64 {
        broker().committed(&self.group, &self.input)[&0].offset
    }
}

fn metadata(member: &BaseConsumer) -> ConsumerGroupMetadata {
    member.group_metadata().expect("a member of the classic protocol")
}

fn commit(producer: &Producer, offsets: &TopicPartitionList, metadata: &ConsumerGroupMetadata) -> Result<(), KafkaError> {
    producer.send_offsets_to_transaction(offsets, metadata, DEADLINE)?;
    producer.commit_transaction(DEADLINE)
}

/// One member reads and begins a transaction, does not poll for too long, and another does all its work.
fn succession() -> (Scene, Member, ConsumerGroupMetadata, Producer, Member) {
    let scene = Scene::new();
    let zombie = scene.reader();
    let (old, open) = (metadata(&zombie), scene.transaction());
    let successor = scene.reader();
    commit(&scene.transaction(), &scene.read_up_to(RECORDS), &metadata(&successor)).expect("its own");
    (scene, zombie, old, open, successor)
}

#[test]
fn kafka_refuses_a_member_that_is_none_any_more() {
    let (scene, _zombie, old, open, _successor) = succession();
    let refused = commit(&open, &scene.read_up_to(RECORDS), &old).expect_err("it is out");
    assert_eq!(refused.rdkafka_error_code(), Some(RDKafkaErrorCode::UnknownMemberId), "{refused}");
    open.abort_transaction(DEADLINE).expect("it can be taken back");
    assert_eq!(scene.outputs(), 1);
}

#[test]
fn kafka_takes_an_old_transaction_from_a_member_that_is_back() {
    let (scene, zombie, _, open, successor) = succession();
    wait_until("the zombie to be out and in again", || {
        let [back, other] = [&zombie, &successor].map(|member| {
            member.poll(POLL);
            member.assignment().expect("an assignment").count()
        });
        ((back, other) == (1, 1)).then_some(())
    });
    commit(&open, &scene.read_up_to(RECORDS), &metadata(&zombie)).expect("kafka takes it");
    assert_eq!(scene.outputs(), 2, "the same work twice");
}

#[test]
fn kafka_takes_any_transaction_without_offsets() {
    let (scene, _zombie, old, open, _successor) = succession();
    commit(&open, &TopicPartitionList::new(), &old).expect("nobody asks the group");
    assert_eq!(scene.outputs(), 2, "the same work twice");
}

#[test]
fn kafka_takes_offsets_of_somebody_who_never_joined() {
    let (scene, _zombie, _, open, _successor) = succession();
    let stranger: BaseConsumer = broker().config().set("group.id", &scene.group).create().expect("a consumer");
    commit(&open, &scene.read_up_to(3), &metadata(&stranger)).expect("kafka takes it for a group without members");
    assert_eq!((scene.outputs(), scene.committed()), (2, 3), "the work twice, and the group set back");
}
