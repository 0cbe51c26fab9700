//! Topics and committed offsets: what tests create and inspect through the admin and group requests.

use std::collections::BTreeMap;
use std::ops::Range;

use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::metadata::MetadataTopic;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::kafka::Broker;
use super::wait::{DEADLINE, wait_until};

/// What a group committed for one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    pub offset: i64,
    pub metadata: String,
}

impl Broker {
    /// A client configuration that has only the broker's address.
    pub fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.bootstrap());
        config
    }

    /// Creates a topic and waits until each partition has a leader. Unless `config` says otherwise, records of any age stay.
    pub fn create_topic(&self, topic: &str, partitions: i32, config: &[(&str, &str)]) {
        let admin: AdminClient<DefaultClientContext> = self.config().create().expect("an admin client");
        let new_topic = NewTopic::new(topic, partitions, TopicReplication::Fixed(self.replicas())).set("retention.ms", "-1");
        let new_topic = config.iter().fold(new_topic, |new_topic, (name, value)| new_topic.set(name, value));
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let options = AdminOptions::new().operation_timeout(Some(DEADLINE));
        let created = runtime.block_on(admin.create_topics([&new_topic], &options)).expect("an answer to CreateTopics");
        created[0].as_ref().unwrap_or_else(|(_, error)| panic!("cannot create topic {topic}: {error}"));
        let expected = usize::try_from(partitions).expect("a count");
        wait_until(&format!("leaders of {topic}"), || (self.led_partitions(topic) == expected).then_some(()));
    }

    /// Gives a topic more partitions, and waits until each has a leader.
    pub fn grow_topic(&self, topic: &str, partitions: usize) {
        let admin: AdminClient<DefaultClientContext> = self.config().create().expect("an admin client");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let options = AdminOptions::new().operation_timeout(Some(DEADLINE));
        let grown = runtime.block_on(admin.create_partitions([&NewPartitions::new(topic, partitions)], &options));
        grown.expect("an answer to CreatePartitions")[0].as_ref().unwrap_or_else(|(_, error)| panic!("cannot grow topic {topic}: {error}"));
        wait_until(&format!("leaders of {topic}"), || (self.led_partitions(topic) == partitions).then_some(()));
    }

    /// Deletes a topic, and waits until it is gone.
    pub fn delete_topic(&self, topic: &str) {
        let admin: AdminClient<DefaultClientContext> = self.config().create().expect("an admin client");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let options = AdminOptions::new().operation_timeout(Some(DEADLINE));
        let deleted = runtime.block_on(admin.delete_topics(&[topic], &options)).expect("an answer to DeleteTopics");
        deleted[0].as_ref().unwrap_or_else(|(_, error)| panic!("cannot delete topic {topic}: {error}"));
        wait_until(&format!("{topic} to be gone"), || (self.led_partitions(topic) == 0).then_some(()));
    }

    /// Deletes all records that a partition has.
    pub fn empty_partition(&self, topic: &str, partition: i32) {
        let admin: AdminClient<DefaultClientContext> = self.config().create().expect("an admin client");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::End).expect("an offset");
        let options = AdminOptions::new().operation_timeout(Some(DEADLINE));
        let deleted = runtime.block_on(admin.delete_records(&list, &options)).expect("an answer to DeleteRecords");
        deleted.elements()[0].error().unwrap_or_else(|error| panic!("cannot empty {partition} of {topic}: {error}"));
    }

    /// Sets what a group without members has committed of a topic, with no words beside it, as Kafka's own tool does.
    pub fn reset_offset(&self, group: &str, topic: &str, partition: i32, offset: i64) {
        let consumer: BaseConsumer = self.config().set("group.id", group).create().expect("a consumer");
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Offset(offset)).expect("an offset");
        wait_until("an answer to OffsetCommit", || consumer.commit(&list, CommitMode::Sync).ok());
    }

    /// Gives a topic of deleted records another `max.message.bytes`.
    pub fn limit_topic(&self, topic: &str, bytes: &str) {
        self.limit_topic_with(topic, bytes, &[("retention.ms", "-1")]);
    }

    /// Gives any topic another `max.message.bytes`, and these settings.
    pub fn limit_topic_with(&self, topic: &str, bytes: &str, settings: &[(&str, &str)]) {
        let admin: AdminClient<DefaultClientContext> = self.config().create().expect("an admin client");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        // What is not named here is set back to its default.
        let config = AlterConfig::new(ResourceSpecifier::Topic(topic)).set("max.message.bytes", bytes);
        let config = settings.iter().fold(config, |config, (name, value)| config.set(name, value));
        let altered = runtime.block_on(admin.alter_configs([&config], &AdminOptions::new())).expect("an answer to AlterConfigs");
        altered[0].as_ref().unwrap_or_else(|(_, error)| panic!("cannot alter topic {topic}: {error}"));
        // The broker answers when its controller knows, and itself knows a little later.
        wait_until(&format!("the limit of {topic}"), || {
            let described = runtime.block_on(admin.describe_configs([&ResourceSpecifier::Topic(topic)], &AdminOptions::new()));
            let described = described.expect("an answer to DescribeConfigs").remove(0).expect("the topic");
            (described.get("max.message.bytes")?.value.as_deref() == Some(bytes)).then_some(())
        });
    }

    /// What the group committed for each partition of the topic, once no open transaction could change it.
    pub fn committed(&self, group: &str, topic: &str) -> BTreeMap<i32, Committed> {
        let consumer: BaseConsumer =
            self.config().set("group.id", group).set("isolation.level", "read_committed").create().expect("a consumer");
        let mut asked = TopicPartitionList::new();
        for partition in self.partitions(topic) {
            asked.add_partition(topic, partition);
        }
        let answer = stable_offsets(&consumer, &asked);
        let mut committed = BTreeMap::new();
        for element in answer.elements() {
            element.error().expect("a committed offset");
            if let Offset::Offset(offset) = element.offset() {
                committed.insert(element.partition(), Committed { offset, metadata: element.metadata().to_owned() });
            }
        }
        committed
    }

    /// From where to where each partition of a topic reaches now.
    pub fn ranges(&self, topic: &str) -> Vec<Range<i64>> {
        let client: BaseConsumer = self.config().create().expect("a consumer");
        let range = |partition| client.fetch_watermarks(topic, partition, DEADLINE).map(|(low, high)| low..high);
        self.partitions(topic).into_iter().map(|partition| range(partition).expect("an answer to ListOffsets")).collect()
    }

    /// How many members the group has.
    pub fn members(&self, group: &str) -> usize {
        let client: BaseConsumer = self.config().create().expect("a consumer");
        let groups = client.fetch_group_list(Some(group), DEADLINE).expect("an answer to DescribeGroups");
        groups.groups().iter().map(|group| group.members().len()).sum()
    }

    /// The topic's partitions in order; panics when the topic does not exist.
    pub fn partitions(&self, topic: &str) -> Vec<i32> {
        let count = self.led_partitions(topic);
        assert!(count > 0, "there is no topic {topic}");
        (0..i32::try_from(count).expect("a count")).collect()
    }

    fn led_partitions(&self, topic: &str) -> usize {
        let client: BaseConsumer = self.config().create().expect("a consumer");
        let metadata = client.fetch_metadata(Some(topic), DEADLINE).expect("an answer to Metadata");
        metadata.topics().iter().flat_map(MetadataTopic::partitions).filter(|partition| partition.leader() >= 0).count()
    }
}

/// What the consumer's group committed for these partitions. A coordinator that has just begun may not answer at once.
pub(super) fn stable_offsets(consumer: &BaseConsumer, asked: &TopicPartitionList) -> TopicPartitionList {
    wait_until("an answer to OffsetFetch", || consumer.committed_offsets(asked.clone(), DEADLINE).ok())
}
