//! `message_echoes`: what the business typed in the WhatsApp Business app ("smb_message_echoes webhook reference"). `to` is what was dialled
//! there, not a wa_id: no evidence of it.

use super::Around;
use crate::domain::event::{Echo as Sent, Element, Reason, Rejection};
use crate::domain::parse::field::{self, Person, WORD_BYTES_MAX};
use crate::domain::parse::json::Scalar;
use crate::domain::parse::rejected;
use serde::Deserialize;

/// One of `message_echoes`.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Echo<'a> {
    #[serde(borrow)]
    to: Scalar<'a>,
    #[serde(borrow)]
    to_user_id: Scalar<'a>,
    #[serde(borrow)]
    group_id: Scalar<'a>,
    #[serde(borrow)]
    id: Scalar<'a>,
    #[serde(borrow)]
    timestamp: Scalar<'a>,
    #[serde(borrow, rename = "type")]
    kind: Scalar<'a>,
}

impl Echo<'_> {
    /// The element that it is.
    pub fn element(self, around: &Around) -> Result<Element, Rejection> {
        if !self.group_id.is_absent() || field::is_group(self.to.word()) {
            return Ok(Element::Ignored("group"));
        }
        match self.kind.word() {
            // Something was done to an earlier message.
            "revoke" => return Ok(Element::Ignored("echo/revoke")),
            "edit" => return Ok(Element::Ignored("echo/edit")),
            _ => {}
        }
        let id = field::id(&self.id, "id")?.ok_or_else(|| rejected(Reason::MissingMessageId, "no id"))?;
        let at = field::required_moment(&self.timestamp, "timestamp", around.kafka_ms)?;
        let named = field::person(&[&self.to_user_id], &[(&self.to, "to")])?;
        let contact = around.contacts.of(&named);
        let Person { wa_id, user } = Person { wa_id: contact.wa_id.or(named.wa_id), user: named.user.or(contact.user) };
        if wa_id.is_none() && user.is_none() {
            return Err(rejected(Reason::BadNumber, "neither to nor to_user_id nor a contact names anybody"));
        }
        let kind = field::label(&self.kind, WORD_BYTES_MAX);
        Ok(Element::Echo(Sent { app: around.app()?, id, wa_id, user, at, kind }))
    }
}
