//! Of waid's outputs, the fields that an audit looks at.

use serde::Deserialize;
use uuid::Uuid;

/// An id of waid's own.
#[derive(Deserialize, Clone, Copy)]
#[serde(try_from = "&str")]
pub struct Id(pub Uuid);

impl TryFrom<&str> for Id {
    type Error = uuid::Error;

    fn try_from(text: &str) -> Result<Self, uuid::Error> {
        Uuid::parse_str(text).map(Self)
    }
}

/// An identity event, or a row.
#[derive(Deserialize)]
pub struct IdentityRecord<'a> {
    pub event_type: &'a str,
    pub tenant: &'a str,
    pub address: &'a str,
    pub wa_id: Option<&'a str>,
    pub differs: Option<bool>,
    pub identity_id: Id,
    pub previous_identity_id: Option<Id>,
}

/// A conversation event.
#[derive(Deserialize)]
pub struct ConversationRecord<'a> {
    pub event_type: &'a str,
    pub conversation_id: Id,
    pub previous_conversation_id: Option<Id>,
    pub identity_id: Id,
    pub direction: Option<&'a str>,
    pub message_id: Option<&'a str>,
    pub whatsapp_message_id: Option<&'a str>,
    pub revision: Option<u32>,
}

/// A send that failed or expired.
#[derive(Deserialize)]
pub struct UnresolvedRecord<'a> {
    pub message_id: &'a str,
    pub reason: &'a str,
}
