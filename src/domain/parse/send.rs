//! The business's own records of what it sent: camelCase as in Gupshup's API, or snake_case.

use super::field::{self, Name};
use super::json::{self, Object, Scalar};
use super::rejected;
use crate::domain::apps::Apps;
use crate::domain::event::{Element, Reason, Rejection, Send};
use crate::domain::ids::{Address, App, MessageId, Moment, Number, User};
use crate::domain::number::normalize;
use serde::Deserialize;
use std::borrow::Cow;
use std::sync::Arc;

/// The longest `customerId` and `kind`, in bytes.
const TEXT_BYTES_MAX: usize = 512;

/// How a send record is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    /// JSON, for [`send`].
    Json,
    /// Protobuf, decoded elsewhere into a [`RawSend`].
    Protobuf,
}

impl Encoding {
    /// What the record's `content-type` header says: JSON unless it is `application/x-protobuf` or `application/protobuf`, with or without parameters.
    #[must_use]
    pub fn of(content_type: Option<&str>) -> Self {
        let essence = content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
        let is_protobuf = ["application/x-protobuf", "application/protobuf"].iter().any(|name| essence.eq_ignore_ascii_case(name));
        if is_protobuf { Self::Protobuf } else { Self::Json }
    }
}

/// The element of a send record in JSON. `kafka_ms` is the record's Kafka timestamp.
#[must_use]
pub fn send(body: &[u8], kafka_ms: i64, apps: &Apps) -> Element {
    let element = element(body, kafka_ms, apps);
    if !super::is_not_json(&element) {
        return element;
    }
    json::mended(body).map_or(element, |mended| self::element(&mended, kafka_ms, apps))
}

fn element(body: &[u8], kafka_ms: i64, apps: &Apps) -> Element {
    match json::read::<Object<Body<'_>>>(body) {
        Ok(Object(Some(fields))) => fields.raw().into_element(kafka_ms, apps),
        Ok(Object(None)) => Element::Rejected(rejected(Reason::UnknownShape, "the body is no object")),
        Err(rejection) => Element::Rejected(rejection),
    }
}

/// A send record as texts, whatever it was written in. An empty text is as good as none.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct RawSend<'a> {
    /// `messageId`: the id that the send API returned. Required.
    pub message_id: Option<Cow<'a, str>>,
    /// `app`: the app that sent, by its name or one of its ids. Required.
    pub app: Option<Cow<'a, str>>,
    /// `destination`: the phone in any spelling, or a BSUID. Required.
    pub destination: Option<Cow<'a, str>>,
    /// `customerId`: the business's id for the person.
    pub customer_id: Option<Cow<'a, str>>,
    /// `sentAt`: milliseconds, seconds or RFC 3339; default the Kafka timestamp.
    pub sent_at: Option<Cow<'a, str>>,
    /// `waId`: the wa_id in Meta's send response.
    pub wa_id: Option<Cow<'a, str>>,
    /// `kind`: what kind of message.
    pub kind: Option<Cow<'a, str>>,
}

impl RawSend<'_> {
    /// The element that the record is.
    #[must_use]
    pub fn into_element(self, kafka_ms: i64, apps: &Apps) -> Element {
        if self.destination.as_deref().is_some_and(field::is_group) {
            return Element::Ignored("group");
        }
        self.send(kafka_ms, apps).map_or_else(Element::Rejected, Element::Send)
    }

    fn send(&self, kafka_ms: i64, apps: &Apps) -> Result<Send, Rejection> {
        let id = said(self.message_id.as_deref()).ok_or_else(|| rejected(Reason::MissingMessageId, "no messageId"))?;
        let id = field::id_of(id, "messageId")?;
        let app = self.app(apps)?;
        let destination = self.destination(&app)?;
        let wa_id = self.wa_id(&id, &destination);
        let customer_id = bounded(self.customer_id.as_deref(), "customerId")?;
        let kind = bounded(self.kind.as_deref(), "kind")?;
        Ok(Send { app, id, destination, customer_id, wa_id, at: self.at(kafka_ms)?, kind })
    }

    fn app(&self, apps: &Apps) -> Result<App, Rejection> {
        let name = said(self.app.as_deref()).ok_or_else(|| rejected(Reason::MissingField, "no app"))?;
        if name.len() > Apps::NAME_LENGTH_MAX {
            return Err(rejected(Reason::MissingField, format!("app is longer than {} bytes", Apps::NAME_LENGTH_MAX)));
        }
        Ok(apps.by_name(name))
    }

    fn destination(&self, app: &App) -> Result<Address, Rejection> {
        let text = said(self.destination.as_deref()).ok_or_else(|| rejected(Reason::MissingField, "no destination"))?;
        match Name::parse(text) {
            Some(Name::Number(number)) => Ok(Address::Phone(number)),
            Some(Name::User(id)) => Ok(Address::User(User { scope: app.scope().clone(), id })),
            None => Err(rejected(Reason::BadNumber, "destination is neither a number nor a BSUID")),
        }
    }

    /// The wa_id, if it is evidence. Gupshup's imitation of Meta's send response echoes the input, so what equals the destination counts only
    /// from Meta itself, whose message ids begin with `wamid.`. What is no number is no evidence, and no reason to lose the send.
    fn wa_id(&self, id: &MessageId, destination: &Address) -> Option<Number> {
        let wa_id = normalize(said(self.wa_id.as_deref())?)?;
        let echo = destination.phone() == Some(wa_id) && !id.is_wamid();
        (!echo).then_some(wa_id)
    }

    fn at(&self, kafka_ms: i64) -> Result<Moment, Rejection> {
        let ms = match said(self.sent_at.as_deref()) {
            None => kafka_ms,
            Some(text) => field::digits_ms(text)
                .or_else(|| text.trim().parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond))
                .ok_or_else(|| rejected(Reason::BadTimestamp, "sentAt is no time"))?,
        };
        let field = if said(self.sent_at.as_deref()).is_some() { "sentAt" } else { "the record's Kafka timestamp, for want of a sentAt," };
        field::plausible(ms, field, kafka_ms)
    }
}

/// A text that says something.
fn said(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

fn bounded(text: Option<&str>, field: &'static str) -> Result<Option<Arc<str>>, Rejection> {
    match said(text) {
        Some(text) if text.len() > TEXT_BYTES_MAX => {
            Err(rejected(Reason::TooLarge, format!("{field} is longer than {TEXT_BYTES_MAX} bytes")))
        }
        text => Ok(text.map(Arc::from)),
    }
}

/// A send record in JSON.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Body<'a> {
    #[serde(borrow, alias = "message_id")]
    message_id: Scalar<'a>,
    #[serde(borrow)]
    app: Scalar<'a>,
    #[serde(borrow)]
    destination: Scalar<'a>,
    #[serde(borrow, alias = "customer_id")]
    customer_id: Scalar<'a>,
    #[serde(borrow, alias = "sent_at")]
    sent_at: Scalar<'a>,
    #[serde(borrow, alias = "wa_id")]
    wa_id: Scalar<'a>,
    #[serde(borrow)]
    kind: Scalar<'a>,
}

impl<'a> Body<'a> {
    fn raw(self) -> RawSend<'a> {
        // A time that is neither a text nor a number must not pass for none, since there is a default.
        let sent_at = if self.sent_at == Scalar::Other { Some("neither text nor number".into()) } else { self.sent_at.into_text() };
        RawSend {
            message_id: self.message_id.into_text(),
            app: self.app.into_text(),
            destination: self.destination.into_text(),
            customer_id: self.customer_id.into_text(),
            sent_at,
            wa_id: self.wa_id.into_text(),
            kind: self.kind.into_text(),
        }
    }
}
