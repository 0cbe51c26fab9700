//! What a task has told, folded into a number, so that a replay that tells something else is noticed.

use crate::domain::entity::Envelope;
use crate::domain::event::Cause;
use crate::domain::output::{ConversationEventType, Output};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The fold so far. It says what was told, not in which form it was published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest(pub u64);

impl Digest {
    /// An event was told to an entity of this hash.
    pub fn tell(&mut self, entity: u64, envelope: &Envelope) {
        self.fold(&envelope.cause, [1, entity, envelope.hops.into(), 0]);
    }

    /// A record was published.
    pub fn publish(&mut self, output: &Output) {
        let halves = |id: &uuid::Uuid| id.as_u64_pair();
        let (cause, what) = match output {
            Output::Identity(event) => {
                let (high, low) = halves(&event.identity_id);
                (&event.cause, [2 + (event.event_type as u64) * 16, high, low, event.revision.into()])
            }
            Output::Conversation(event) => {
                let (high, low) = halves(&event.conversation_id);
                let revision = match &event.event_type {
                    ConversationEventType::Assigned(fields) | ConversationEventType::Moved(fields) => fields.revision,
                    ConversationEventType::Merged => 0,
                };
                (&event.cause, [3, high, low ^ halves(&event.identity_id).0, revision.into()])
            }
            Output::SendUnresolved(event) => (&event.cause, [4, event.reason as u64, 0, 0]),
            Output::DeadLetter(letter) => (&letter.cause, [5, letter.rejection.reason as u64, 0, 0]),
        };
        self.fold(cause, what);
    }

    fn fold(&mut self, cause: &Cause, what: [u64; 4]) {
        let place = [u64::from(cause.partition.cast_unsigned()) << 32 | u64::from(cause.element), cause.offset.cast_unsigned()];
        let mut bytes = [0; 48];
        for (eight, value) in bytes.chunks_exact_mut(8).zip(place.into_iter().chain(what)) {
            eight.copy_from_slice(&value.to_le_bytes());
        }
        self.0 = xxh3_64_with_seed(&bytes, self.0);
    }
}
