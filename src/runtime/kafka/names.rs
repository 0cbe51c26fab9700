//! Which topic is which: between the names in Kafka and what they are to waid.

use crate::config::TopicsConfig;
use crate::wire::packed::SourceTopic;
use crate::wire::record::Topic;

/// What a topic that is read is, by its name.
pub(super) fn source(topics: &TopicsConfig, name: &str) -> Option<SourceTopic> {
    SourceTopic::ALL.into_iter().find(|source| of_source(topics, *source) == name)
}

/// The name of a topic that is read.
pub(super) fn of_source(topics: &TopicsConfig, source: SourceTopic) -> &str {
    match source {
        SourceTopic::Webhooks => &topics.webhooks,
        SourceTopic::Sends => &topics.sends,
        SourceTopic::Repartition => &topics.repartition,
        SourceTopic::Changelog => &topics.changelog,
    }
}

/// The name of a topic that is written.
pub fn of_output(topics: &TopicsConfig, topic: Topic) -> &str {
    match topic {
        Topic::IdentityResolved => &topics.identity_resolved,
        Topic::Identities => &topics.identities,
        Topic::ConversationAssigned => &topics.conversation_assigned,
        Topic::SendUnresolved => &topics.send_unresolved,
        Topic::DeadLetter => &topics.dead_letter,
        Topic::Repartition => &topics.repartition,
        Topic::Changelog => &topics.changelog,
    }
}
