//! `statuses`: news of messages that the business sent ("Status messages webhook reference"; Gupshup adds `gs_id` and `meta_msg_id`).
//!
//! | from | Gupshup id | other ids |
//! |---|---|---|
//! | v3 | `gs_id` | `id` (a wamid on one page of the documentation, a UUID on another), `meta_msg_id` |
//! | Meta | none | `id`, the wamid that the send API returned |
//!
//! Who received it says `contacts`, where that is this status's (see [`super::contacts`]), else `recipient_id`, which may repeat what was
//! dialled. Of enqueued and failed ones nobody is read.

use super::Around;
use crate::domain::event::{Element, Reason, Rejection, SendError, Status as News, StatusKind};
use crate::domain::parse::field::{self, Person, REASON_BYTES_MAX, WORD_BYTES_MAX};
use crate::domain::parse::json::{Array, Object, Scalar};
use crate::domain::parse::rejected;
use serde::Deserialize;

/// One of `statuses`.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Status<'a> {
    #[serde(borrow)]
    gs_id: Scalar<'a>,
    #[serde(borrow)]
    id: Scalar<'a>,
    #[serde(borrow)]
    meta_msg_id: Scalar<'a>,
    #[serde(borrow, rename = "type")]
    kind: Scalar<'a>,
    #[serde(borrow, rename = "status")]
    stage: Scalar<'a>,
    #[serde(borrow)]
    timestamp: Scalar<'a>,
    #[serde(borrow)]
    recipient_id: Scalar<'a>,
    #[serde(borrow)]
    recipient_user_id: Scalar<'a>,
    #[serde(borrow)]
    recipient_type: Scalar<'a>,
    #[serde(borrow)]
    errors: Array<Object<Fault<'a>>>,
    #[serde(borrow)]
    code: Scalar<'a>,
    #[serde(borrow)]
    reason: Scalar<'a>,
}

/// One of `errors`.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Fault<'a> {
    #[serde(borrow)]
    code: Scalar<'a>,
    #[serde(borrow)]
    title: Scalar<'a>,
    #[serde(borrow)]
    message: Scalar<'a>,
}

impl Status<'_> {
    /// The element that it is.
    pub fn element(self, around: &Around) -> Result<Element, Rejection> {
        match self.kind.word() {
            // Gupshup's probe of a callback, without an id.
            "set-callback" => return Ok(Element::Ignored("status/set-callback")),
            // A payment can fail whose message did not.
            "payment" => return Ok(Element::Ignored("status/payment")),
            _ => {}
        }
        if self.recipient_type.word() == "group" || field::is_group(self.recipient_id.word()) {
            return Ok(Element::Ignored("group"));
        }
        let kind = match self.stage.word() {
            "enqueued" => StatusKind::Enqueued,
            "sent" => StatusKind::Sent,
            "delivered" => StatusKind::Delivered,
            "read" | "played" => StatusKind::Read,
            "failed" => StatusKind::Failed,
            // It is about the user's own message.
            "deleted" => return Ok(Element::Ignored("status/deleted")),
            "" => return Err(rejected(Reason::MissingField, "no status")),
            _ => return Ok(Element::Ignored("status/unknown")),
        };
        self.news(kind, around).map(Element::Status)
    }

    fn news(&self, kind: StatusKind, around: &Around) -> Result<News, Rejection> {
        let gupshup_id = field::id(&self.gs_id, "gs_id")?;
        let ids = [field::id(&self.id, "id")?, field::id(&self.meta_msg_id, "meta_msg_id")?];
        let other_ids = field::other_ids(ids, gupshup_id.as_ref());
        if gupshup_id.is_none() && other_ids.is_empty() {
            return Err(rejected(Reason::MissingMessageId, "neither gs_id nor id"));
        }
        let at = field::required_moment(&self.timestamp, "timestamp", around.kafka_ms)?;
        let Person { wa_id, user } = match kind {
            StatusKind::Sent | StatusKind::Delivered | StatusKind::Read => self.recipient(around)?,
            StatusKind::Enqueued | StatusKind::Failed => Person::default(),
        };
        let error = (kind == StatusKind::Failed).then(|| self.error());
        Ok(News { app: around.app()?, kind, gupshup_id, other_ids, wa_id, user, at, error })
    }

    fn recipient(&self, around: &Around) -> Result<Person, Rejection> {
        let named = field::person(&[&self.recipient_user_id], &[(&self.recipient_id, "recipient_id")]);
        let contact = around.contacts.of(named.as_ref().unwrap_or(&Person::default()));
        match named {
            Err(rejection) if contact.is_nobody() => Err(rejection),
            Err(_) => Ok(contact),
            Ok(named) => Ok(Person { wa_id: contact.wa_id.or(named.wa_id), user: named.user.or(contact.user) }),
        }
    }

    /// The first error of the list, or the code and reason of the status itself.
    fn error(&self) -> SendError {
        let first = match &self.errors {
            Array::Items(errors) => errors.iter().find_map(|error| error.0.as_ref()),
            Array::Absent | Array::Other => None,
        };
        let of_list = |pick: fn(&Fault<'_>) -> Option<std::sync::Arc<str>>| first.and_then(pick);
        SendError {
            code: of_list(|error| field::label(&error.code, WORD_BYTES_MAX)).or_else(|| field::label(&self.code, WORD_BYTES_MAX)),
            reason: of_list(|error| field::label(&error.title, REASON_BYTES_MAX))
                .or_else(|| of_list(|error| field::label(&error.message, REASON_BYTES_MAX)))
                .or_else(|| field::label(&self.reason, REASON_BYTES_MAX)),
        }
    }
}
