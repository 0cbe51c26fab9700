//! Gupshup's v2 webhooks, one event a body: `{"app","timestamp","version":2,"type","payload"}` (docs.gupshup.io, "Understanding inbound
//! message", "Message events"; partner-docs.gupshup.io, "v3 Message events", "BSUID").
//!
//! The Gupshup id, the one that the send API returned, is not always in the same field:
//!
//! | `payload.type` | Gupshup id | other id | wa_id |
//! |---|---|---|---|
//! | enqueued | `payload.id` | `payload.payload.whatsappMessageId` | none: `destination` only repeats the request |
//! | failed at WhatsApp | `payload.gsId` | `payload.id` | none |
//! | failed at Gupshup, or a week after the send | `payload.id`, or it is the other id | the same | none |
//! | sent, delivered, read | `payload.gsId` | `payload.id` | `payload.destination` |
//! | the same, a week after the send | absent | `payload.id` | `payload.destination` |
//! | mismatch | `payload.id` | none | `payload.payload.wa_id` |

use super::field::{self, Person, REASON_BYTES_MAX, WORD_BYTES_MAX};
use super::json::{Filled, Object, Scalar};
use super::{Envelope, rejected};
use crate::domain::apps::Apps;
use crate::domain::event::{Context, Element, Inbound, Mismatch, NumberChange, Reason, Rejection, SendError, Status, StatusKind};
use crate::domain::ids::{App, MessageId, Moment};
use serde::Deserialize;

/// `payload` of the envelope, of every type of event.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
#[allow(clippy::struct_field_names, reason = "Gupshup nests a payload in a payload")]
pub struct Payload<'a> {
    #[serde(borrow)]
    id: Scalar<'a>,
    #[serde(borrow)]
    gs_id: Scalar<'a>,
    #[serde(borrow, rename = "type")]
    kind: Scalar<'a>,
    #[serde(borrow)]
    destination: Scalar<'a>,
    #[serde(borrow)]
    source: Scalar<'a>,
    #[serde(borrow)]
    user_id: Scalar<'a>,
    #[serde(borrow)]
    payload: Object<Content<'a>>,
    #[serde(borrow)]
    sender: Object<Sender<'a>>,
    #[serde(borrow)]
    context: Object<Answered<'a>>,
    referral: Object<Filled>,
}

/// `payload.payload`, which differs with the type of event or message.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Content<'a> {
    #[serde(borrow)]
    id: Scalar<'a>,
    #[serde(borrow, rename = "gsId")]
    gs_id: Scalar<'a>,
    #[serde(borrow)]
    ts: Scalar<'a>,
    #[serde(borrow, rename = "type")]
    kind: Scalar<'a>,
    #[serde(borrow, rename = "whatsappMessageId")]
    whatsapp_message_id: Scalar<'a>,
    #[serde(borrow)]
    code: Scalar<'a>,
    #[serde(borrow)]
    reason: Scalar<'a>,
    #[serde(borrow)]
    wa_id: Scalar<'a>,
    #[serde(borrow)]
    new_wa_id: Scalar<'a>,
    referral: Object<Filled>,
}

/// `payload.sender`: who wrote.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Sender<'a> {
    #[serde(borrow)]
    phone: Scalar<'a>,
    #[serde(borrow)]
    user_id: Scalar<'a>,
}

/// `payload.context`: the message that is answered.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Answered<'a> {
    #[serde(borrow)]
    id: Scalar<'a>,
    #[serde(borrow)]
    gs_id: Scalar<'a>,
}

/// The element of a v2 event.
pub fn element(envelope: Envelope<'_>, kafka_ms: i64, apps: &Apps) -> Result<Element, Rejection> {
    let ignored = match envelope.kind.word() {
        "message-event" => return Event::open(envelope, kafka_ms, apps)?.message_event(),
        "message" => return Event::open(envelope, kafka_ms, apps)?.message(),
        "billing-event" => "billing-event",
        "user-event" => "user-event",
        "template-event" => "template-event",
        "account-event" => "account-event",
        "system-event" => "system-event",
        "onboarding-event" => "onboarding-event",
        "preference-event" => "preference-event",
        _ => "unknown event type",
    };
    Ok(Element::Ignored(ignored))
}

/// An event out of its envelope.
struct Event<'a> {
    app: App,
    timestamp: Scalar<'a>,
    payload: Box<Payload<'a>>,
    content: Content<'a>,
    kafka_ms: i64,
}

impl<'a> Event<'a> {
    fn open(envelope: Envelope<'a>, kafka_ms: i64, apps: &Apps) -> Result<Self, Rejection> {
        let app = field::v2_app(&envelope.app, &envelope.app_id, apps)?;
        let mut payload = envelope.payload.0.unwrap_or_default();
        let content = payload.payload.0.take().unwrap_or_default();
        Ok(Self { app, timestamp: envelope.timestamp, payload, content, kafka_ms })
    }

    /// News of a message that the business sent.
    fn message_event(self) -> Result<Element, Rejection> {
        let kind = match self.payload.kind.word() {
            "enqueued" => StatusKind::Enqueued,
            "sent" => StatusKind::Sent,
            "delivered" => StatusKind::Delivered,
            "read" | "played" => StatusKind::Read,
            "failed" => StatusKind::Failed,
            "mismatch" => return self.mismatch(),
            // It is about the user's own message.
            "deleted" => return Ok(Element::Ignored("message-event/deleted")),
            "submitted" => return Ok(Element::Ignored("message-event/submitted")),
            "set-callback" => return Ok(Element::Ignored("message-event/set-callback")),
            _ => return Ok(Element::Ignored("message-event/unknown")),
        };
        if field::is_group(self.payload.destination.word()) {
            return Ok(Element::Ignored("group"));
        }
        self.status(kind)
    }

    fn status(self, kind: StatusKind) -> Result<Element, Rejection> {
        let (gupshup_id, other_ids) = self.status_ids(kind)?;
        let at = self.status_at()?;
        let Person { wa_id, user } = match kind {
            StatusKind::Sent | StatusKind::Delivered | StatusKind::Read => {
                field::person(&[&self.payload.user_id], &[(&self.payload.destination, "payload.destination")])?
            }
            StatusKind::Enqueued | StatusKind::Failed => Person::default(),
        };
        let error = (kind == StatusKind::Failed).then(|| SendError {
            code: field::label(&self.content.code, WORD_BYTES_MAX),
            reason: field::label(&self.content.reason, REASON_BYTES_MAX),
        });
        Ok(Element::Status(Status { app: self.app, kind, gupshup_id, other_ids, wa_id, user, at, error }))
    }

    /// The Gupshup id, if the event says which one it is, and all other ids (the table above).
    fn status_ids(&self, kind: StatusKind) -> Result<(Option<MessageId>, Vec<MessageId>), Rejection> {
        let id = field::id(&self.payload.id, "payload.id")?;
        let gs_id = field::id(&self.payload.gs_id, "payload.gsId")?;
        let whatsapp_id = field::id(&self.content.whatsapp_message_id, "payload.payload.whatsappMessageId")?;
        let id_is_gupshups = kind == StatusKind::Enqueued && gs_id.is_none();
        let (gupshup_id, id) = if id_is_gupshups { (id, None) } else { (gs_id, id) };
        let other_ids = field::other_ids([id, whatsapp_id], gupshup_id.as_ref());
        if gupshup_id.is_none() && other_ids.is_empty() {
            return Err(rejected(Reason::MissingMessageId, "neither payload.gsId nor payload.id"));
        }
        Ok((gupshup_id, other_ids))
    }

    /// The status's own time; that of the envelope if it has none.
    fn status_at(&self) -> Result<Moment, Rejection> {
        match field::moment(&self.content.ts, "payload.payload.ts", self.kafka_ms)? {
            Some(at) => Ok(at),
            None => self.envelope_at(),
        }
    }

    fn envelope_at(&self) -> Result<Moment, Rejection> {
        field::required_moment(&self.timestamp, "timestamp", self.kafka_ms)
    }

    /// Gupshup's claim that the wa_id is not what was dialled. Its `destination` and `phone` are not read: what was dialled is known from
    /// the send, and the sample of the help article contradicts itself there.
    fn mismatch(self) -> Result<Element, Rejection> {
        let (gs_id, id) = (field::id(&self.payload.gs_id, "payload.gsId")?, field::id(&self.payload.id, "payload.id")?);
        let id = gs_id.or(id).ok_or_else(|| rejected(Reason::MissingMessageId, "no payload.id"))?;
        let wa_id = field::number(&self.content.wa_id, "payload.payload.wa_id")?;
        let at = self.status_at()?;
        Ok(Element::Mismatch(Mismatch { app: self.app, id, wa_id, at }))
    }

    /// A message from a person, or WhatsApp's own message about one.
    fn message(self) -> Result<Element, Rejection> {
        match self.payload.kind.word() {
            _ if field::is_group(self.payload.source.word()) => Ok(Element::Ignored("group")),
            "system" => self.system(),
            // As in Meta's own bodies.
            "revoke" => Ok(Element::Ignored("message/revoke")),
            "edit" => Ok(Element::Ignored("message/edit")),
            _ => self.inbound(),
        }
    }

    fn inbound(self) -> Result<Element, Rejection> {
        let id = field::id(&self.payload.id, "payload.id")?.ok_or_else(|| rejected(Reason::MissingMessageId, "no payload.id"))?;
        let at = self.envelope_at()?;
        let Person { wa_id, user } = self.author()?;
        if wa_id.is_none() && user.is_none() {
            return Err(rejected(Reason::BadNumber, "neither payload.source nor payload.sender names anybody"));
        }
        let kind = field::label(&self.payload.kind, WORD_BYTES_MAX);
        let context = self.answered()?;
        // Gupshup documents no place for Meta's referral object; either level of the payload is natural.
        let referral = [&self.payload.referral, &self.content.referral].iter().any(|object| matches!(object.0, Some(Filled(true))));
        Ok(Element::Inbound(Inbound { app: self.app, id, wa_id, user, at, kind, context, referral }))
    }

    /// The message that it answers. A reaction names one as exactly as an answer does, in its content.
    fn answered(&self) -> Result<Option<Context>, Rejection> {
        let answered = self.payload.context.0.as_ref().map(Answered::context).transpose()?.flatten();
        let Content { id, gs_id, .. } = &self.content;
        if answered.is_none() && self.payload.kind.word() == "reaction" {
            return field::context((gs_id, "payload.payload.gsId"), [(id, "payload.payload.id")]);
        }
        Ok(answered)
    }

    fn author(&self) -> Result<Person, Rejection> {
        let source = (&self.payload.source, "payload.source");
        match &self.payload.sender.0 {
            Some(sender) => field::person(&[&sender.user_id, &self.payload.user_id], &[source, (&sender.phone, "payload.sender.phone")]),
            None => field::person(&[&self.payload.user_id], &[source]),
        }
    }

    /// A change of number is the only system message of interest. Gupshup documents none; this is Meta's (Cloud API, "System messages
    /// webhook reference": `user_changed_number` with `wa_id`; earlier `customer_changed_number`, `new_wa_id`) where v2 puts contents.
    fn system(self) -> Result<Element, Rejection> {
        if !matches!(self.content.kind.word(), "user_changed_number" | "customer_changed_number") {
            return Ok(Element::Ignored("message/system"));
        }
        let at = self.envelope_at()?;
        let Person { wa_id, user } = self.author()?;
        let old = wa_id.ok_or_else(|| rejected(Reason::BadNumber, "a number change without payload.source"))?;
        let new = if self.content.wa_id.is_absent() { &self.content.new_wa_id } else { &self.content.wa_id };
        let new = field::number(new, "payload.payload.wa_id")?;
        if old == new {
            return Ok(Element::Ignored("message/system"));
        }
        Ok(Element::NumberChange(NumberChange { app: self.app, old, new, user, current: None, at }))
    }
}

impl Answered<'_> {
    /// The message answered, if it has an id of either side.
    fn context(&self) -> Result<Option<Context>, Rejection> {
        field::context((&self.gs_id, "payload.context.gsId"), [(&self.id, "payload.context.id")])
    }
}
