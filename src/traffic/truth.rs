//! What is true of a person: what a processor of the events must find, whatever the order it reads them in.

use super::body::inbound_id;
use super::person::{Acquaintance, Person};
use super::visit::{Fate, Script, Visit};
use super::{IdKind, World, number};
use crate::domain::ids::Number;

/// What is true of one person (or of the two that had one number).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Truth {
    /// The person's index.
    pub person: u32,
    /// Each address that a message to this person was sent to and answered for.
    pub rows: Vec<Row>,
    /// Every message that belongs to a conversation.
    pub messages: Vec<Message>,
    /// The ids of the sends that failed.
    pub failed: Vec<String>,
    /// The ids of the sends of which nothing was heard.
    pub silent: Vec<String>,
    /// How many mismatch events contradict their send.
    pub contradictions: u32,
    /// Whether the business dialled another number than the one that wrote back, so that it would have seen two conversations.
    pub would_be_two: bool,
}

/// A row of identities.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Row {
    /// What was dialled, as records are keyed by it.
    pub address: String,
    /// The wa_id; none for who goes by a user name.
    pub wa_id: Option<Number>,
    /// Whether it differs from what was dialled.
    pub differs: bool,
    /// Whose it is: 0, or 1 if the number was given to another.
    pub owner: u8,
}

/// A message that belongs to a conversation.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Message {
    /// Its id: Gupshup's of an outbound one, WhatsApp's of an inbound one.
    pub id: String,
    /// Whether the person wrote it.
    pub is_inbound: bool,
    /// Which of the person's visits, and so of the conversations, it is in.
    pub visit: u32,
    /// Whose it is.
    pub owner: u8,
}

/// The truth about everybody, in numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    /// People, each owner of a recycled number for itself.
    pub people: u64,
    /// Rows of identities.
    pub rows: u64,
    /// Rows whose wa_id is not what was dialled.
    pub differing_rows: u64,
    /// People whom the business would have seen as two.
    pub would_be_two: u64,
    /// Conversations.
    pub conversations: u64,
    /// Messages from people.
    pub inbound: u64,
    /// Messages to people that were answered for.
    pub outbound: u64,
    /// Sends that failed.
    pub failed: u64,
    /// Sends of which nothing was heard.
    pub silent: u64,
    /// Mismatch events that contradict their send.
    pub contradictions: u64,
}

impl Truth {
    pub(super) fn of(world: &World, index: u32) -> Self {
        let person = world.person(index);
        let mut truth = Self {
            person: index,
            rows: Vec::new(),
            messages: Vec::new(),
            failed: Vec::new(),
            silent: Vec::new(),
            contradictions: 0,
            would_be_two: false,
        };
        let mut script = Script::new();
        for number in 0..world.settings.visits {
            let visit = Visit::play(world, person, number, world.visit_start_ms(index, number), &mut script);
            truth.add(world, &visit);
            script.clear();
        }
        truth.finish(&person);
        truth
    }

    /// How many people it is about: those who had the number and were heard of.
    pub fn owners(&self) -> usize {
        let mut owners: Vec<u8> = self.messages.iter().map(|message| message.owner).collect();
        owners.sort_unstable();
        owners.dedup();
        owners.len()
    }

    /// How many conversations there were.
    pub fn conversations(&self) -> usize {
        let mut visits: Vec<u32> = self.messages.iter().map(|message| message.visit).collect();
        visits.sort_unstable();
        visits.dedup();
        visits.len()
    }

    fn add(&mut self, world: &World, visit: &Visit) {
        let (person, number) = (&visit.person, visit.number);
        let owner = person.owner(number);
        for (send, sent) in visit.sends.iter().enumerate().filter(|(_, sent)| sent.recorded) {
            let id = world.uuid(IdKind::Gupshup, person, number, send).to_string();
            match sent.fate {
                Fate::Arrived => {
                    self.messages.push(Message { id, is_inbound: false, visit: number, owner });
                    self.add_row(row(world, person, number));
                }
                Fate::FailedAtGupshup | Fate::FailedAtWhatsApp => self.failed.push(id),
                Fate::Silence => self.silent.push(id),
            }
            self.contradictions += u32::from(sent.contradicted);
        }
        for message in 0..visit.inbounds.len() {
            let id = inbound_id(world, person, number, message);
            self.messages.push(Message { id, is_inbound: true, visit: number, owner });
        }
    }

    fn add_row(&mut self, row: Row) {
        if self.rows.iter().all(|known| known.address != row.address) {
            self.rows.push(row);
        }
    }

    /// A row is its last owner's, whoever was written to when it began.
    fn finish(&mut self, person: &Person) {
        let last = self.messages.iter().map(|message| message.owner).max().unwrap_or_default();
        for row in &mut self.rows {
            row.owner = last;
        }
        let wrote = self.messages.iter().any(|message| message.is_inbound);
        self.would_be_two = wrote && self.rows.iter().any(|row| row.differs) && person.acquaintance == Acquaintance::Listed;
    }
}

/// The row of what a visit dials. Each message that arrives has a status that names the wa_id.
fn row(world: &World, person: &Person, visit: u32) -> Row {
    if person.is_nameless() {
        let app = person.app_of(visit);
        let address = format!("{}:{}", world.apps[usize::from(app)], world.bsuid(person, person.owner(visit), app));
        return Row { address, wa_id: None, differs: false, owner: 0 };
    }
    let (dialled, wa_id) = (person.dialled(visit), person.numbers.wa_id);
    Row { address: dialled.to_string(), wa_id: Some(number(wa_id)), differs: dialled != wa_id, owner: 0 }
}

impl Summary {
    /// The numbers of these people.
    pub fn of(truths: impl IntoIterator<Item = Truth>) -> Self {
        let mut summary = Self::default();
        truths.into_iter().for_each(|truth| summary.add(&truth));
        summary
    }

    /// Counts a person in.
    pub fn add(&mut self, truth: &Truth) {
        let inbound = truth.messages.iter().filter(|message| message.is_inbound).count();
        self.people += truth.owners() as u64;
        self.rows += truth.rows.len() as u64;
        self.differing_rows += truth.rows.iter().filter(|row| row.differs).count() as u64;
        self.would_be_two += u64::from(truth.would_be_two);
        self.conversations += truth.conversations() as u64;
        self.inbound += inbound as u64;
        self.outbound += (truth.messages.len() - inbound) as u64;
        self.failed += truth.failed.len() as u64;
        self.silent += truth.silent.len() as u64;
        self.contradictions += u64::from(truth.contradictions);
    }
}
