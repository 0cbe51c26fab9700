//! One visit: what a business and a person say to each other within an hour or so, and which events that makes.

use super::person::Person;

/// A visit as it was, which its events are written from.
#[derive(Debug)]
pub struct Visit {
    /// Who.
    pub person: Person,
    /// Which of the person's visits, from 0.
    pub number: u32,
    /// What the business sent, in its order.
    pub sends: Vec<Outbound>,
    /// What the person wrote, in its order.
    pub inbounds: Vec<Incoming>,
    /// What the business typed in the WhatsApp Business app, in its order.
    pub echoes: Vec<Echo>,
}

/// A message from the business.
#[derive(Clone, Copy, Debug)]
pub struct Outbound {
    /// When it was sent, ms.
    pub at_ms: i64,
    /// What became of it.
    pub fate: Fate,
    /// Whether the business kept a record of it.
    pub recorded: bool,
    /// Whether a mismatch event contradicts it.
    pub contradicted: bool,
    /// How the record says when.
    pub clock: Clock,
    /// Whether the record has the wa_id, which Meta's own API answers with.
    pub responded: bool,
}

/// What became of a message from the business.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It arrived.
    Arrived,
    /// Refused before it left Gupshup.
    FailedAtGupshup,
    /// Refused by WhatsApp.
    FailedAtWhatsApp,
    /// Nothing was ever heard of it.
    Silence,
}

/// How a send record says when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clock {
    /// In milliseconds.
    Milliseconds,
    /// In seconds.
    Seconds,
    /// As RFC 3339.
    Text,
}

/// A message from the person.
#[derive(Clone, Copy, Debug)]
pub struct Incoming {
    /// When it was written, ms.
    pub at_ms: i64,
    /// Which message of ours it answers.
    pub answers: Option<usize>,
    /// Whether the answered message's Gupshup id is given.
    pub answers_gupshup: bool,
    /// Whether it came from an ad.
    pub referral: bool,
    /// What kind of message, and which words.
    pub content: u32,
}

/// A message that the business typed in the WhatsApp Business app: nobody records it.
#[derive(Clone, Copy, Debug)]
pub struct Echo {
    /// When it was typed, ms.
    pub at_ms: i64,
    /// Whether it names the number in the business's records, and not the wa_id.
    pub to_dialled: bool,
}

/// What WhatsApp says of somebody's turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notice {
    /// `user_changed_number`: from which number to which.
    NewNumber,
    /// `user_id_update`: from which BSUID to which.
    NewUser,
    /// `user_changed_user_id`: that the BSUID is another one now.
    AnotherUser,
}

/// An event of a visit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Happening {
    /// The business recorded a send.
    Send(usize),
    /// News of a send.
    Status {
        /// Which.
        send: usize,
        /// What news.
        news: News,
        /// When it happened, ms.
        at_ms: i64,
        /// Whether the BSUID is given.
        named: bool,
    },
    /// The person wrote.
    Inbound {
        /// Which message.
        message: usize,
        /// Whether the BSUID is given.
        named: bool,
    },
    /// The business wrote, in the WhatsApp Business app.
    Echo {
        /// Which message.
        echo: usize,
        /// Whether the BSUID is given.
        named: bool,
    },
    /// WhatsApp said that the person has another number or BSUID.
    Notice {
        /// In which way.
        notice: Notice,
        /// When it happened, ms.
        at_ms: i64,
        /// Whether it names more than it must: the BSUID before, or of a BSUID that became another the number.
        named: bool,
    },
    /// What a send cost: of no interest to waid.
    Billing(usize),
}

/// News of a send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum News {
    /// Taken by WhatsApp.
    Enqueued,
    /// Sent, to the wa_id.
    Sent,
    /// Sent, to the number as it was dialled, whatever the wa_id is.
    SentEcho,
    /// Delivered.
    Delivered,
    /// Read.
    Read,
    /// Read, long after: Gupshup's id of the message is not given any more.
    ReadLate,
    /// Failed.
    Failed,
    /// The wa_id differs from what was dialled.
    Mismatch,
    /// The same, with somebody else's wa_id.
    MismatchWrong,
}

/// Events, each with the time at which its record reaches Kafka, ms.
pub type Script = Vec<(i64, Happening)>;
