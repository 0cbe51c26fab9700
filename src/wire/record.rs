//! A record for one of the topics that waid writes.

/// The topics that waid writes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Topic {
    IdentityResolved,
    Identities,
    ConversationAssigned,
    SendUnresolved,
    DeadLetter,
    Repartition,
    Changelog,
}
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutRecord {
    pub topic: Topic,
    pub partition: Option<i32>,
    pub key: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    pub payload: Option<Vec<u8>>,
    pub timestamp_ms: Option<i64>,
}
