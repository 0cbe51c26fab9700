//! Compares what waid published with the truth of the world that its input came from.

mod compare;
mod record;
#[cfg(test)]
mod tests;

pub use compare::Difference;

use super::World;
use super::truth::{Summary, Way};
use compare::Comparison;
use record::{ConversationRecord, Id, IdentityRecord, UnresolvedRecord};
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

/// The output topics.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Published {
    /// Identity events.
    IdentityResolved,
    /// The current row of each address.
    Identities,
    /// Conversation events.
    ConversationAssigned,
    /// Sends that failed or expired.
    SendUnresolved,
    /// Records that could not be used.
    DeadLetter,
}

/// What was published, followed through merges and moves.
#[derive(Default)]
pub struct Audit {
    /// By tenant and address.
    rows: HashMap<(String, String), ToldRow>,
    messages: HashMap<String, ToldMessage>,
    identities: Merges,
    conversations: Merges,
    failed: HashSet<String>,
    expired: HashSet<String>,
    dead_letters: BTreeMap<String, u64>,
    differences: Vec<Difference>,
}

/// What became of absorbed ids.
#[derive(Default)]
struct Merges(HashMap<Uuid, Uuid>);

struct ToldRow {
    identity: Uuid,
    wa_id: Option<String>,
    differs: Option<bool>,
}

struct ToldMessage {
    revision: u32,
    assigned: bool,
    identity: Uuid,
    conversation: Uuid,
    way: Way,
}

/// How waid did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// The truth in numbers.
    pub truth: Summary,
    /// All that differs from it.
    pub differences: Vec<Difference>,
}

impl Audit {
    /// Takes an output record; of a dead letter the reason in its headers is all that counts.
    pub fn take(&mut self, published: Published, payload: &[u8], reason: Option<&str>) {
        let taken = match published {
            Published::IdentityResolved => serde_json::from_slice(payload).map(|record| self.take_identity(&record)),
            Published::Identities => serde_json::from_slice(payload).map(|record| self.take_row(&record)),
            Published::ConversationAssigned => serde_json::from_slice(payload).map(|record| self.take_conversation(&record)),
            Published::SendUnresolved => serde_json::from_slice(payload).map(|record| self.take_unresolved(&record)),
            Published::DeadLetter => {
                *self.dead_letters.entry(reason.unwrap_or("none").to_owned()).or_default() += 1;
                Ok(())
            }
        };
        if let Err(error) = taken {
            self.differences.push(Difference::Unreadable(published, error.to_string()));
        }
    }

    /// Dead letters by reason.
    pub const fn dead_letters(&self) -> &BTreeMap<String, u64> {
        &self.dead_letters
    }

    /// How many identities the messages have now.
    pub fn people(&self) -> u64 {
        let identities: HashSet<Uuid> = self.messages.values().map(|told| self.identities.follow(told.identity)).collect();
        identities.len() as u64
    }

    /// How many conversations the messages are in now.
    pub fn conversations(&self) -> u64 {
        let conversations: HashSet<Uuid> = self.messages.values().map(|told| self.conversations.follow(told.conversation)).collect();
        conversations.len() as u64
    }

    /// How many messages were told of.
    pub fn messages(&self) -> usize {
        self.messages.len()
    }

    /// How many identities turned out to be another's.
    pub fn merged_identities(&self) -> u64 {
        self.identities.0.len() as u64
    }

    /// How many conversations turned out to be part of another.
    pub fn merged_conversations(&self) -> u64 {
        self.conversations.0.len() as u64
    }

    /// The wa_id that an address of a tenant has now.
    pub fn wa_id_of(&self, tenant: &str, address: &str) -> Option<&str> {
        self.row(tenant, address).and_then(|told| told.wa_id.as_deref())
    }

    /// The identity that a message has now.
    pub fn identity_of(&self, message: &str) -> Option<Uuid> {
        self.messages.get(message).map(|told| self.identities.follow(told.identity))
    }

    /// The conversation that a message is in now.
    pub fn conversation_of(&self, message: &str) -> Option<Uuid> {
        self.messages.get(message).map(|told| self.conversations.follow(told.conversation))
    }

    /// The identity that an address of a tenant has now.
    pub fn identity_of_address(&self, tenant: &str, address: &str) -> Option<Uuid> {
        self.row(tenant, address).map(|told| self.identities.follow(told.identity))
    }

    /// Whether all of it is so.
    pub fn verdict(&self, world: &World) -> Verdict {
        let mut truth = Summary::default();
        let mut comparison = Comparison::new(self);
        for person in world.truths() {
            comparison.person(&person);
            truth.add(&person);
        }
        comparison.totals(&truth);
        Verdict { truth, differences: comparison.differences() }
    }

    /// Only merges are of interest here: the rest is in the table too.
    fn take_identity(&mut self, record: &IdentityRecord) {
        if record.event_type == "MERGED" {
            self.identities.put(record.previous_identity_id, record.identity_id.0);
        }
    }

    fn take_row(&mut self, record: &IdentityRecord) {
        let row = ToldRow { identity: record.identity_id.0, wa_id: record.wa_id.map(Into::into), differs: record.differs };
        self.rows.insert((record.tenant.to_owned(), record.address.to_owned()), row);
    }

    fn row(&self, tenant: &str, address: &str) -> Option<&ToldRow> {
        self.rows.get(&(tenant.to_owned(), address.to_owned()))
    }

    fn take_conversation(&mut self, record: &ConversationRecord) {
        if record.event_type == "MERGED" {
            self.conversations.put(record.previous_conversation_id, record.conversation_id.0);
            return;
        }
        let (way, id) = match (record.direction, record.message_id) {
            (Some("INBOUND"), _) => (Way::Inbound, record.whatsapp_message_id),
            (_, Some(id)) => (Way::Outbound, Some(id)),
            // Without a send record there is no id of one.
            (_, None) => (Way::Echo, record.whatsapp_message_id),
        };
        let (Some(id), Some(revision)) = (id, record.revision) else {
            let what = "a message without id or revision".to_owned();
            return self.differences.push(Difference::Unreadable(Published::ConversationAssigned, what));
        };
        let assigned = record.event_type == "ASSIGNED";
        let (identity, conversation) = (record.identity_id.0, record.conversation_id.0);
        let mut told = ToldMessage { revision, assigned, identity, conversation, way };
        // A move is told under two keys, whose partitions are read in any order: it may come before what it moves.
        if let Some(known) = self.messages.get_mut(id) {
            if assigned && known.assigned {
                self.differences.push(Difference::AssignedTwice);
            }
            known.assigned |= assigned;
            if known.revision >= revision {
                return;
            }
            told.assigned = known.assigned;
        }
        self.messages.insert(id.to_owned(), told);
    }

    fn take_unresolved(&mut self, record: &UnresolvedRecord) {
        let told = if record.reason == "FAILED" { &mut self.failed } else { &mut self.expired };
        told.insert(record.message_id.to_owned());
    }
}

impl Merges {
    fn put(&mut self, from: Option<Id>, into: Uuid) {
        if let Some(from) = from.map(|from| from.0).filter(|from| *from != into) {
            self.0.insert(from, into);
        }
    }

    fn follow(&self, mut id: Uuid) -> Uuid {
        // An absorbed id is never used again, so there are no more steps than merges.
        for _ in 0..=self.0.len() {
            match self.0.get(&id) {
                Some(into) => id = *into,
                None => break,
            }
        }
        id
    }
}
