//! What speaks for a wa_id, and how strongly.

use super::ids::{Address, App, MessageId, Moment, Number, User};
use std::sync::Arc;

/// The kinds of evidence, strongest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Evidence {
    /// The person answered the message from there.
    Reply,
    /// A same-subscriber spelling wrote.
    Inbound,
    /// Status sent.
    Sent,
    /// Status delivered.
    Delivered,
    /// Status read.
    Read,
    /// Meta's send response.
    SendResponse,
    /// Gupshup's mismatch event.
    Mismatch,
    /// The person moved there.
    NumberChange,
    /// The number was seen with the BSUID that this address joined.
    UserId,
}

impl Evidence {
    /// The name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reply => "REPLY",
            Self::Inbound => "INBOUND",
            Self::Sent => "SENT",
            Self::Delivered => "DELIVERED",
            Self::Read => "READ",
            Self::SendResponse => "SEND_RESPONSE",
            Self::Mismatch => "MISMATCH",
            Self::NumberChange => "NUMBER_CHANGE",
            Self::UserId => "USER_ID",
        }
    }

    /// Whether it came with the join of a send and its status: dated at the send, whichever status brought it.
    #[must_use]
    pub const fn is_exact_join(self) -> bool {
        matches!(self, Self::Sent | Self::Delivered | Self::Read | Self::SendResponse)
    }
}

/// How much an observation counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Class {
    /// The number itself answered, or another than the one dialled came back.
    A,
    /// A mismatch event.
    B,
    /// The number dialled came back: no difference seen.
    C,
    /// A join that named no number.
    Nobody,
}

/// What one send to an address showed.
#[derive(Clone, PartialEq, Debug)]
pub struct Observation {
    /// The address dialled.
    pub address: Address,
    /// How much it counts.
    pub class: Class,
    /// What it rests on.
    pub kind: Evidence,
    /// The wa_id named.
    pub wa_id: Option<Number>,
    /// The BSUID named: the address has joined it.
    pub user: Option<User>,
    /// Its date.
    pub at: Moment,
    /// The message sent.
    pub source: ObservedIn,
}

/// The send that an observation is about.
#[derive(Clone, PartialEq, Debug)]
pub struct ObservedIn {
    /// The app.
    pub app: App,
    /// Its id.
    pub message_id: MessageId,
    /// WhatsApp's id of it, if known.
    pub whatsapp_id: Option<MessageId>,
    /// When it was sent.
    pub sent_at: Moment,
    /// The business's id for the person.
    pub customer_id: Option<Arc<str>>,
}
