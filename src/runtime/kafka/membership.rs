//! As which member of its group a consumer speaks. The only unsafe code: the wrapper does not show it.
#![allow(unsafe_code)]

use crate::runtime::broker::BrokerError;
use rdkafka::bindings;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, ConsumerGroupMetadata};
use std::ffi::CStr;

/// What the group knows a consumer by.
#[derive(PartialEq, Eq)]
struct Membership {
    generation: i32,
    member_id: String,
}

/// The metadata that a transaction's offsets are sent with, or why there is none.
///
/// A negative generation or an empty member must never be sent: Kafka takes it for a producer outside any group and
/// fences nothing. The wrapper's metadata cannot be looked into, so it is taken between two looks of our own;
/// generations only rise, so when both show the same, it is the same.
pub(super) fn metadata<C: ConsumerContext>(consumer: &BaseConsumer<C>) -> Result<ConsumerGroupMetadata, String> {
    let before = look(consumer);
    let metadata = consumer.group_metadata();
    let after = look(consumer);
    match (before, metadata, after) {
        (Some(before), Some(metadata), Some(after)) if before == after && before.is_member() => Ok(metadata),
        _ => Err("the group does not know this consumer any more".to_owned()),
    }
}

/// Whether the group has not given the partitions to others.
pub(super) fn check_held<C: ConsumerContext>(consumer: &BaseConsumer<C>) -> Result<(), BrokerError> {
    if consumer.assignment_lost() {
        return Err(BrokerError::Aborted("the group has given the partitions to others".to_owned()));
    }
    Ok(())
}

impl Membership {
    fn is_member(&self) -> bool {
        self.generation >= 0 && !self.member_id.is_empty()
    }
}

fn look<C: ConsumerContext>(consumer: &BaseConsumer<C>) -> Option<Membership> {
    // SAFETY: the client lives as long as `consumer`, and any thread may ask it for a copy of its metadata.
    let metadata = unsafe { bindings::rd_kafka_consumer_group_metadata(consumer.client().native_ptr()) };
    if metadata.is_null() {
        return None;
    }
    // SAFETY: `metadata` is not null and ours until it is destroyed below. The member id is a string that ends with a
    // zero and belongs to `metadata`; it is copied before.
    unsafe {
        let generation = bindings::rd_kafka_consumer_group_metadata_generation_id(metadata);
        let member_id = bindings::rd_kafka_consumer_group_metadata_member_id(metadata);
        let member_id = if member_id.is_null() { String::new() } else { CStr::from_ptr(member_id).to_string_lossy().into_owned() };
        bindings::rd_kafka_consumer_group_metadata_destroy(metadata);
        Some(Membership { generation, member_id })
    }
}
