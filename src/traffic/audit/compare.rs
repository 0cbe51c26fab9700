//! What was told against what is true, person by person, and then whether nothing was told besides.

use super::{Audit, Published};
use crate::domain::event::Reason;
use crate::domain::ids::Number;
use crate::traffic::truth::{Summary, Truth, Whose};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use uuid::Uuid;

/// Something that waid said and that is not so, or did not say and that is. Names a person by the index alone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Difference {
    /// An output that has not the fields it should.
    Unreadable(Published, String),
    /// A message was assigned twice.
    AssignedTwice,
    /// Rows, messages or sends were told that are nobody's.
    Invented(&'static str, usize),
    /// Not all rows were told.
    RowMissing(u32),
    /// A row has another wa_id, or another opinion whether it differs.
    WrongAnswer(u32),
    /// A row is somebody else's.
    WrongRowIdentity(u32),
    /// A message was not assigned, or as if it had come about in another way.
    MessageMissing(u32),
    /// A person's messages have several identities, or somebody else's.
    WrongIdentity(u32),
    /// A conversation is in several, or two are one.
    WrongConversation(u32),
    /// A failed send was not told, or one that did not fail was.
    WrongFailures(u32),
    /// The dead letters are not those that the contradicting mismatch events make.
    WrongDeadLetters,
}

/// The audit against one truth after the other.
pub struct Comparison<'a> {
    audit: &'a Audit,
    differences: Vec<Difference>,
    seen: Seen,
}

/// What was accounted for.
#[derive(Default)]
struct Seen {
    rows: usize,
    messages: usize,
    failed: usize,
    expired: usize,
    identities: HashMap<Uuid, (u32, Whose)>,
    conversations: HashMap<Uuid, (u32, u32)>,
}

impl<'a> Comparison<'a> {
    /// Nothing compared yet.
    pub fn new(audit: &'a Audit) -> Self {
        Self { audit, differences: audit.differences.clone(), seen: Seen::default() }
    }

    /// All that differed.
    pub fn differences(self) -> Vec<Difference> {
        self.differences
    }

    /// What was told of one person.
    pub fn person(&mut self, truth: &Truth) {
        let identities = self.messages(truth);
        self.rows(truth, &identities);
        self.unresolved(truth);
    }

    /// Each message is where it should be. The identity of each person, as told.
    fn messages(&mut self, truth: &Truth) -> BTreeMap<Whose, Uuid> {
        let person = truth.person;
        let (mut identities, mut conversations) = (BTreeMap::new(), BTreeMap::new());
        for message in &truth.messages {
            let told = self.audit.messages.get(&message.id).filter(|told| told.way == message.way);
            let Some(told) = told else {
                self.differences.push(Difference::MessageMissing(person));
                continue;
            };
            self.seen.messages += 1;
            let identity = self.audit.identities.follow(told.identity);
            let conversation = self.audit.conversations.follow(told.conversation);
            let one = *identities.entry(message.whose).or_insert(identity) == identity;
            let whose = *self.seen.identities.entry(identity).or_insert((person, message.whose));
            if !one || whose != (person, message.whose) {
                self.differences.push(Difference::WrongIdentity(person));
            }
            let one = *conversations.entry(message.visit).or_insert(conversation) == conversation;
            let whose = *self.seen.conversations.entry(conversation).or_insert((person, message.visit));
            if !one || whose != (person, message.visit) {
                self.differences.push(Difference::WrongConversation(person));
            }
        }
        identities
    }

    fn rows(&mut self, truth: &Truth, identities: &BTreeMap<Whose, Uuid>) {
        for row in &truth.rows {
            let Some(told) = self.audit.row(row.tenant, &row.address) else {
                self.differences.push(Difference::RowMissing(truth.person));
                continue;
            };
            self.seen.rows += 1;
            if told.wa_id != row.wa_id.map(Number::reveal) || told.differs != row.differs {
                self.differences.push(Difference::WrongAnswer(truth.person));
            }
            if identities.get(&row.whose) != Some(&self.audit.identities.follow(told.identity)) {
                self.differences.push(Difference::WrongRowIdentity(truth.person));
            }
        }
    }

    /// What failed must be told; what was silent may be, once its time is up.
    fn unresolved(&mut self, truth: &Truth) {
        let failed = truth.failed.iter().filter(|id| self.audit.failed.contains(*id)).count();
        if failed != truth.failed.len() {
            self.differences.push(Difference::WrongFailures(truth.person));
        }
        self.seen.failed += failed;
        self.seen.expired += truth.silent.iter().filter(|id| self.audit.expired.contains(*id)).count();
    }

    /// Nothing was told besides.
    pub fn totals(&mut self, truth: &Summary) {
        let Audit { rows, messages, failed, expired, dead_letters, .. } = self.audit;
        let told = [
            ("rows", rows.len(), self.seen.rows),
            ("messages", messages.len(), self.seen.messages),
            ("failed sends", failed.len(), self.seen.failed),
            ("expired sends", expired.len(), self.seen.expired),
        ];
        let invented = told.into_iter().filter(|(_, told, seen)| told > seen);
        self.differences.extend(invented.map(|(what, told, seen)| Difference::Invented(what, told - seen)));
        let contradictions = dead_letters.get(Reason::InconsistentMismatch.name()).copied().unwrap_or_default();
        if contradictions != truth.contradictions || dead_letters.values().sum::<u64>() != contradictions {
            self.differences.push(Difference::WrongDeadLetters);
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(published, why) => write!(f, "an output for {published:?} is not as it should be: {why}"),
            Self::AssignedTwice => f.write_str("a message was assigned twice"),
            Self::Invented(what, count) => write!(f, "{count} {what} were told that are nobody's"),
            Self::RowMissing(person) => write!(f, "person {person}: no row for an address"),
            Self::WrongAnswer(person) => write!(f, "person {person}: not the wa_id"),
            Self::WrongRowIdentity(person) => write!(f, "person {person}: the row is somebody else's"),
            Self::MessageMissing(person) => write!(f, "person {person}: a message was not assigned"),
            Self::WrongIdentity(person) => write!(f, "person {person}: messages are not one person's"),
            Self::WrongConversation(person) => write!(f, "person {person}: messages are not in one conversation, or in another's"),
            Self::WrongFailures(person) => write!(f, "person {person}: a failed send was not told"),
            Self::WrongDeadLetters => f.write_str("the dead letters are not those that there should be"),
        }
    }
}
