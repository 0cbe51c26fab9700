//! Abstract input: what happened, in plain strings, before it is a webhook body or a send record.

/// One record of an input topic. The same fact may be recorded several times, each with its own Kafka timestamp.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Record {
    pub fact: Fact,
    pub kafka_ms: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    Send(Send),
    Status(Status),
    Mismatch(Mismatch),
    Inbound(Inbound),
    NumberChange(NumberChange),
    Echo(Echo),
    Renaming(Renaming),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Send {
    pub app: String,
    pub message_id: String,
    /// A phone in any spelling, or a BSUID.
    pub destination: String,
    pub sent_at_ms: i64,
    pub customer_id: Option<String>,
    /// The wa_id of the send response (raw Meta; or an imitation that echoes the destination).
    pub wa_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StatusKind {
    Enqueued,
    Sent,
    Delivered,
    Read,
    Failed,
}

/// `enqueued` always has a Gupshup id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status {
    pub app: String,
    pub kind: StatusKind,
    pub gs_id: Option<String>,
    pub whatsapp_id: Option<String>,
    /// A second id of WhatsApp's side, which only Gupshup's v3 can tell.
    pub meta_msg_id: Option<String>,
    pub wa_id: Option<String>,
    pub user_id: Option<String>,
    pub at_ms: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mismatch {
    pub app: String,
    pub message_id: String,
    pub phone: String,
    pub wa_id: String,
    pub at_ms: i64,
}

/// At least one of `wa_id` and `user_id` is present.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Inbound {
    pub app: String,
    pub id: String,
    pub wa_id: Option<String>,
    pub user_id: Option<String>,
    pub at_ms: i64,
    pub context: Option<Context>,
}

/// The message that an inbound message answers. At least one id is present.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Context {
    pub gs_id: Option<String>,
    pub id: Option<String>,
    /// As of a status.
    pub meta_msg_id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NumberChange {
    pub app: String,
    pub id: String,
    pub old: String,
    pub new: String,
    /// The BSUID that the person had on the old number.
    pub user_id: Option<String>,
    /// The one on the new number.
    pub current_user_id: Option<String>,
    pub at_ms: i64,
}

/// A message that the business typed in the WhatsApp Business app. At least one of `wa_id` and `user_id` is present.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Echo {
    pub app: String,
    pub id: String,
    pub wa_id: Option<String>,
    pub user_id: Option<String>,
    pub at_ms: i64,
}

/// Somebody's BSUID became another. At least one of `previous` and `wa_id` is present.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Renaming {
    pub app: String,
    pub previous: Option<String>,
    pub current: String,
    pub wa_id: Option<String>,
    pub at_ms: i64,
}

impl Fact {
    /// Event time in milliseconds.
    pub fn at_ms(&self) -> i64 {
        match self {
            Fact::Send(send) => send.sent_at_ms,
            Fact::Status(status) => status.at_ms,
            Fact::Mismatch(mismatch) => mismatch.at_ms,
            Fact::Inbound(inbound) => inbound.at_ms,
            Fact::NumberChange(change) => change.at_ms,
            Fact::Echo(echo) => echo.at_ms,
            Fact::Renaming(renaming) => renaming.at_ms,
        }
    }

    pub fn app(&self) -> &str {
        match self {
            Fact::Send(send) => &send.app,
            Fact::Status(status) => &status.app,
            Fact::Mismatch(mismatch) => &mismatch.app,
            Fact::Inbound(inbound) => &inbound.app,
            Fact::NumberChange(change) => &change.app,
            Fact::Echo(echo) => &echo.app,
            Fact::Renaming(renaming) => &renaming.app,
        }
    }

    pub fn recorded(self, kafka_ms: i64) -> Record {
        Record { fact: self, kafka_ms }
    }
}

/// Whether a destination or source is a BSUID: two capital letters and a dot, never a phone.
pub fn is_bsuid(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() > 3 && bytes[0].is_ascii_uppercase() && bytes[1].is_ascii_uppercase() && bytes[2] == b'.'
}
