//! Conversations: components of messages of one app and person that are close in event time and in Kafka time.

use super::super::final_state::{MessageKey, Placed};
use super::super::forest::Forest;
use super::Settings;
use super::owners::PersonId;
use std::collections::BTreeMap;

pub struct Message {
    pub key: MessageKey,
    pub person: PersonId,
    pub at_s: i64,
    pub kafka_ms: i64,
}

pub fn place(mut messages: Vec<Message>, settings: &Settings) -> BTreeMap<MessageKey, Placed> {
    let order = |message: &Message| (message.key.0.clone(), message.person, message.at_s);
    messages.sort_by_cached_key(order);
    let mut forest = Forest::new(messages.len());
    for (index, message) in messages.iter().enumerate() {
        let later = messages[index + 1..].iter().enumerate();
        let close = later.take_while(|(_, other)| comparable(message, other) && other.at_s - message.at_s <= settings.idle_timeout_s);
        for (offset, other) in close {
            if (other.kafka_ms - message.kafka_ms).abs() <= settings.idle_timeout_s * 1000 + settings.retention_ms {
                forest.join(index, index + 1 + offset);
            }
        }
    }
    let place = |(index, message): (usize, Message)| {
        let placed = Placed { identity: format!("p{}", message.person), conversation: format!("c{}", forest.root(index)) };
        (message.key, placed)
    };
    messages.into_iter().enumerate().map(place).collect()
}

fn comparable(left: &Message, right: &Message) -> bool {
    left.key.0 == right.key.0 && left.person == right.person
}
