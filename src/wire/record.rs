//! A record on its way to Kafka.

use std::borrow::Cow;

/// What the value of a record of an internal topic has at most, bytes, but for its head: what is larger is written in parts. Below every
/// broker's default.
pub const INTERNAL_BYTES_MAX: usize = 512 * 1024;

/// What a record of an output has at most, bytes, its key and headers included; but for dead letters, which have what they are about. Every
/// text in it is one of an id, a name or a word, each of which ingest takes up to a bound.
pub const OUTPUT_BYTES_MAX: usize = 64 * 1024;

/// The topics that waid writes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Topic {
    /// Identity events.
    IdentityResolved,
    /// The current row of each address.
    Identities,
    /// The conversation of each message.
    ConversationAssigned,
    /// Sends that failed or found no answer.
    SendUnresolved,
    /// Records that could not be used.
    DeadLetter,
    /// Events for other entities.
    Repartition,
    /// Rows of state.
    Changelog,
}

impl Topic {
    /// All of them, each at its own number.
    pub const ALL: [Self; 7] = [
        Self::IdentityResolved,
        Self::Identities,
        Self::ConversationAssigned,
        Self::SendUnresolved,
        Self::DeadLetter,
        Self::Repartition,
        Self::Changelog,
    ];

    /// What it is to waid, whatever it is called: its key in the configuration, and its name in metrics.
    #[must_use]
    pub const fn role(self) -> &'static str {
        match self {
            Self::IdentityResolved => "identity_resolved",
            Self::Identities => "identities",
            Self::ConversationAssigned => "conversation_assigned",
            Self::SendUnresolved => "send_unresolved",
            Self::DeadLetter => "dead_letter",
            Self::Repartition => "repartition",
            Self::Changelog => "changelog",
        }
    }
}

/// The headers of a record, in order.
pub type Headers = Vec<(Cow<'static, str>, Option<Cow<'static, [u8]>>)>;

/// A record to write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutRecord {
    /// Where to.
    pub topic: Topic,
    /// To which partition; `None` leaves it to the partitioner, by key.
    pub partition: Option<i32>,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its headers.
    pub headers: Headers,
    /// Its value; `None` is a tombstone.
    pub payload: Option<Vec<u8>>,
    /// Its timestamp, ms; `None` is the time of production.
    pub timestamp_ms: Option<i64>,
}
