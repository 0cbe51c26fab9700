//! What a record of an input topic says, once parsed: its elements, each with where it came from.

use super::ids::{Address, App, Bsuid, MessageId, Moment, Number};
use std::sync::Arc;

/// The two input topics.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Source {
    /// Webhook bodies, as received.
    Webhooks,
    /// Outbound-send records.
    Sends,
}

/// The record and element that an event, and everything that follows from it, was caused by.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Cause {
    /// The input topic.
    pub source: Source,
    /// The partition of it.
    pub partition: i32,
    /// The offset in it.
    pub offset: i64,
    /// Which element of the record, from 0.
    pub element: u32,
    /// The record's Kafka timestamp, ms: what limits compare.
    pub kafka_ms: i64,
}

/// One element of an input record.
#[derive(Clone, PartialEq, Debug)]
pub enum Element {
    /// A message was sent.
    Send(Send),
    /// News of a sent message.
    Status(Status),
    /// Gupshup says that the number dialled and the wa_id differ.
    Mismatch(Mismatch),
    /// A person wrote.
    Inbound(Inbound),
    /// A person moved to another number.
    NumberChange(NumberChange),
    /// A person has another BSUID.
    UserChange(UserChange),
    /// The business wrote from the WhatsApp Business app.
    Echo(Echo),
    /// Known and of no interest here, or new inside a known envelope: counted under this name.
    Ignored(&'static str),
    /// It cannot be used.
    Rejected(Rejection),
}

/// The business's own record of a send.
#[derive(Clone, PartialEq, Debug)]
pub struct Send {
    /// The app that sent.
    pub app: App,
    /// The id that the send API returned.
    pub id: MessageId,
    /// What was dialled.
    pub destination: Address,
    /// The business's id for the person; links nothing.
    pub customer_id: Option<Arc<str>>,
    /// The wa_id of Meta's send response, when it is evidence (not when it only repeats the input).
    pub wa_id: Option<Number>,
    /// When it was sent.
    pub at: Moment,
    /// What kind of message, in the business's words.
    pub kind: Option<Arc<str>>,
}

/// What a status reports.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum StatusKind {
    /// Accepted by WhatsApp: teaches the alias only.
    Enqueued,
    /// Sent.
    Sent,
    /// Delivered.
    Delivered,
    /// Read (or played, which says the same about who it was).
    Read,
    /// Not sent, or not delivered.
    Failed,
}

/// News of a sent message.
#[derive(Clone, PartialEq, Debug)]
pub struct Status {
    /// The app that sent the message.
    pub app: App,
    /// What it reports.
    pub kind: StatusKind,
    /// The id as the send API returned it, when the event says which one that is.
    pub gupshup_id: Option<MessageId>,
    /// Every other id of the message: WhatsApp-side ids beside a Gupshup id, candidates without one.
    pub other_ids: Vec<MessageId>,
    /// Who received it, where the event is evidence of that (never for enqueued and failed).
    pub wa_id: Option<Number>,
    /// The BSUID of who received it, likewise.
    pub user: Option<Bsuid>,
    /// The status's own time.
    pub at: Moment,
    /// What failed, of a failed one.
    pub error: Option<SendError>,
}

/// Why a send failed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct SendError {
    /// The code, as text.
    pub code: Option<Arc<str>>,
    /// The reason given.
    pub reason: Option<Arc<str>>,
}

/// Gupshup's mismatch event. It waits for its send, and is believed only if that agrees.
#[derive(Clone, PartialEq, Debug)]
pub struct Mismatch {
    /// The app that sent the message.
    pub app: App,
    /// The Gupshup id of the message.
    pub id: MessageId,
    /// The wa_id claimed.
    pub wa_id: Number,
    /// The event's own time.
    pub at: Moment,
}

/// A message from a person.
#[derive(Clone, PartialEq, Debug)]
pub struct Inbound {
    /// The app it was written to.
    pub app: App,
    /// WhatsApp's id of the message.
    pub id: MessageId,
    /// Who wrote; this or `user` is there.
    pub wa_id: Option<Number>,
    /// The BSUID of who wrote.
    pub user: Option<Bsuid>,
    /// When it was written.
    pub at: Moment,
    /// What kind of message, in WhatsApp's words (`text`, `image`, …).
    pub kind: Option<Arc<str>>,
    /// The message of ours that it answers.
    pub context: Option<Context>,
    /// Whether it came from a click-to-WhatsApp ad, which opens a longer window.
    pub referral: bool,
}

/// Which message of ours a reply answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Context {
    /// Its Gupshup id, if given.
    pub gupshup_id: Option<MessageId>,
    /// Its other ids, as far as given.
    pub other_ids: Vec<MessageId>,
}

/// A person moved from one number to another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct NumberChange {
    /// The app that was told.
    pub app: App,
    /// The number left.
    pub old: Number,
    /// The number taken.
    pub new: Number,
    /// The BSUID that the person had on the old number, if named.
    pub user: Option<Bsuid>,
    /// The one on the new number, if named.
    pub current: Option<Bsuid>,
    /// When.
    pub at: Moment,
}

/// A person has another BSUID, as follows a change of number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct UserChange {
    /// The app that was told.
    pub app: App,
    /// The BSUID before, if named; this or `old` is there.
    pub previous: Option<Bsuid>,
    /// The BSUID from now on.
    pub current: Bsuid,
    /// The number before, if named.
    pub old: Option<Number>,
    /// The person's wa_id from now on, if named.
    pub wa_id: Option<Number>,
    /// When.
    pub at: Moment,
}

/// A message that the business typed in the WhatsApp Business app: it has no send record, and nothing to join.
#[derive(Clone, PartialEq, Debug)]
pub struct Echo {
    /// The app whose number it was sent from.
    pub app: App,
    /// WhatsApp's id of the message.
    pub id: MessageId,
    /// Whom it was sent to, as the business dialled or as WhatsApp knows them; this or `user` is there.
    pub wa_id: Option<Number>,
    /// The BSUID of whom it was sent to.
    pub user: Option<Bsuid>,
    /// When.
    pub at: Moment,
    /// What kind of message, in WhatsApp's words.
    pub kind: Option<Arc<str>>,
}

/// Why an element goes to the dead letters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rejection {
    /// The reason, of the closed set.
    pub reason: Reason,
    /// More words, without personal data.
    pub detail: String,
}

/// The closed set of reasons for a dead letter (header `waid-reason`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reason {
    /// The body is not JSON (or not the Protobuf that its header promised).
    NotJson,
    /// JSON, but no envelope that waid knows.
    UnknownShape,
    /// Gupshup's older Enterprise delivery report, which has no app and no wa_id.
    EnterpriseReport,
    /// No id to join by.
    MissingMessageId,
    /// A number that is none, or nobody named at all.
    BadNumber,
    /// No time, or one that cannot be.
    BadTimestamp,
    /// A send record or a status without a field it needs.
    MissingField,
    /// Too large to be carried on, or a body of more elements than are read.
    TooLarge,
    /// A mismatch event that contradicts the send it names.
    InconsistentMismatch,
    /// Evidence that names a wa_id of another country than the number dialled.
    ForeignJoin,
    /// waid itself failed on this element: a defect, kept for analysis.
    Internal,
}

impl Reason {
    /// All of them, each at its own number.
    pub const ALL: [Self; 11] = [
        Self::NotJson,
        Self::UnknownShape,
        Self::EnterpriseReport,
        Self::MissingMessageId,
        Self::BadNumber,
        Self::BadTimestamp,
        Self::MissingField,
        Self::TooLarge,
        Self::InconsistentMismatch,
        Self::ForeignJoin,
        Self::Internal,
    ];

    /// The name used in headers and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotJson => "NOT_JSON",
            Self::UnknownShape => "UNKNOWN_SHAPE",
            Self::EnterpriseReport => "ENTERPRISE_REPORT",
            Self::MissingMessageId => "MISSING_MESSAGE_ID",
            Self::BadNumber => "BAD_NUMBER",
            Self::BadTimestamp => "BAD_TIMESTAMP",
            Self::MissingField => "MISSING_FIELD",
            Self::TooLarge => "TOO_LARGE",
            Self::InconsistentMismatch => "INCONSISTENT_MISMATCH",
            Self::ForeignJoin => "FOREIGN_JOIN",
            Self::Internal => "INTERNAL",
        }
    }
}
