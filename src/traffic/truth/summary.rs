//! The truth in numbers.

use super::{Truth, Way};
use crate::traffic::turn::Change;

/// The truth about everybody, in numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    /// People, each owner of a recycled number for itself, and each tenant's for itself.
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
    /// Messages that the business typed in the WhatsApp Business app.
    pub echoes: u64,
    /// People who got another number.
    pub moved: u64,
    /// People who got another BSUID, with the same number or without one.
    pub renamed: u64,
    /// People by user name who showed their number.
    pub shown: u64,
    /// Numbers that were given to another person.
    pub recycled: u64,
    /// People whom two tenants know, each for itself.
    pub of_two_tenants: u64,
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
        self.people += truth.people().len() as u64;
        self.rows += truth.rows.len() as u64;
        self.differing_rows += truth.rows.iter().filter(|row| row.differs == Some(true)).count() as u64;
        self.would_be_two += u64::from(truth.would_be_two);
        self.conversations += truth.conversations() as u64;
        self.inbound += truth.count(Way::Inbound) as u64;
        self.outbound += truth.count(Way::Outbound) as u64;
        self.echoes += truth.count(Way::Echo) as u64;
        self.failed += truth.failed.len() as u64;
        self.silent += truth.silent.len() as u64;
        self.contradictions += u64::from(truth.contradictions);
        self.moved += u64::from(matches!(truth.change, Some(Change::Moved(_))));
        self.renamed += u64::from(truth.change == Some(Change::Renamed));
        self.shown += u64::from(truth.change == Some(Change::Shown));
        self.recycled += u64::from(truth.is_recycled());
        self.of_two_tenants += u64::from(truth.is_of_two_tenants());
    }

    /// All messages that belong to a conversation.
    pub const fn messages(&self) -> u64 {
        self.inbound + self.outbound + self.echoes
    }
}
