//! Records of the input topics into elements: webhook bodies exactly as received, and the business's own records of its sends.
//!
//! Parsing never fails: what cannot be used becomes an [`Element::Rejected`] whose detail names fields and positions, never values. The
//! formats are those of Gupshup's documentation (`docs.gupshup.io`, `partner-docs.gupshup.io`) and of Meta's Cloud API webhook reference.

mod field;
mod gupshup_v2;
mod json;
mod meta;
mod send;

pub use send::{Encoding, RawSend, send};

use super::apps::Apps;
use super::event::{Element, Reason, Rejection};
use json::{Array, Object, Scalar};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The elements of a webhook body, in its order. `kafka_ms` is the record's Kafka timestamp.
#[must_use]
pub fn webhook(body: &[u8], kafka_ms: i64, apps: &Apps) -> Vec<Element> {
    let elements = elements(body, kafka_ms, apps);
    if !elements.iter().any(is_not_json) {
        return elements;
    }
    json::mended(body).map_or(elements, |mended| self::elements(&mended, kafka_ms, apps))
}

fn elements(body: &[u8], kafka_ms: i64, apps: &Apps) -> Vec<Element> {
    let elements = if json::is_array(body) { array(body) } else { object(body, kafka_ms, apps) };
    elements.unwrap_or_else(|rejection| vec![Element::Rejected(if is_form_of_reports(body) { enterprise() } else { rejection })])
}

/// No format that is read here is an array, but Gupshup's Enterprise report is sent as one.
fn array(body: &[u8]) -> Result<Vec<Element>, Rejection> {
    Err(if are_reports(body)? { enterprise() } else { rejected(Reason::UnknownShape, "the body is an array") })
}

fn object(body: &[u8], kafka_ms: i64, apps: &Apps) -> Result<Vec<Element>, Rejection> {
    let Object(envelope) = json::read::<Object<Envelope<'_>>>(body)?;
    let envelope = envelope.ok_or_else(|| rejected(Reason::UnknownShape, "the body is no object"))?;
    match envelope.format() {
        Format::GupshupV2 => gupshup_v2::element(envelope, kafka_ms, apps).map(|element| vec![element]),
        Format::Meta => Ok(meta::elements(envelope.gs_app_id, envelope.entry, kafka_ms, apps)),
        Format::Enterprise => Err(enterprise()),
        Format::Unknown(detail) => Err(rejected(Reason::UnknownShape, detail)),
    }
}

/// The outermost object of a webhook body: the fields of all formats, since a body is read once and does not say beforehand which it is.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(borrow)]
    app: Scalar<'a>,
    #[serde(borrow)]
    app_id: Scalar<'a>,
    #[serde(borrow)]
    timestamp: Scalar<'a>,
    #[serde(borrow)]
    version: Scalar<'a>,
    #[serde(borrow, rename = "type")]
    kind: Scalar<'a>,
    #[serde(borrow)]
    payload: Object<Box<gupshup_v2::Payload<'a>>>,
    #[serde(borrow)]
    object: Scalar<'a>,
    #[serde(borrow, rename = "gs_app_id")]
    gs_app_id: Scalar<'a>,
    #[serde(borrow)]
    entry: Array<Object<meta::Entry<'a>>>,
    external_id: Option<IgnoredAny>,
    event_type: Option<IgnoredAny>,
    /// Of Enterprise reports: their array, as a text.
    #[serde(borrow)]
    response: Scalar<'a>,
}

/// Which format an envelope is of.
enum Format {
    GupshupV2,
    Meta,
    Enterprise,
    Unknown(&'static str),
}

impl Envelope<'_> {
    fn format(&self) -> Format {
        if self.object.word() == "whatsapp_business_account" {
            return Format::Meta;
        }
        if self.external_id.is_some() && self.event_type.is_some() {
            return Format::Enterprise;
        }
        if self.kind.is_absent() || self.payload.0.is_none() {
            let is_report = self.response.text().is_some_and(|response| are_reports(response.as_bytes()) == Ok(true));
            if is_report {
                return Format::Enterprise;
            }
            return Format::Unknown("neither type and payload, nor a whatsapp_business_account object");
        }
        match &self.version {
            Scalar::Absent | Scalar::Integer(2) => Format::GupshupV2,
            Scalar::Text(version) if version == "2" => Format::GupshupV2,
            // As it becomes where all numbers are floats.
            Scalar::Float(version) if version.to_bits() == 2.0_f64.to_bits() => Format::GupshupV2,
            Scalar::Text(_) | Scalar::Integer(_) | Scalar::Float(_) | Scalar::Other => Format::Unknown("a version other than 2"),
        }
    }
}

/// What tells Gupshup's Enterprise delivery report (`externalId`, `eventType`, `destAddr`, `cause`) from anything else.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Report {
    external_id: Option<IgnoredAny>,
    event_type: Option<IgnoredAny>,
}

impl Report {
    fn is_complete(&self) -> bool {
        self.external_id.is_some() && self.event_type.is_some()
    }
}

/// Whether a JSON text is an array of such reports.
fn are_reports(text: &[u8]) -> Result<bool, Rejection> {
    let items: Vec<Object<Report>> = json::read(text)?;
    Ok(items.iter().all(|item| item.0.as_ref().is_some_and(Report::is_complete)) && !items.is_empty())
}

/// Whether a body is a form with such reports, as Gupshup posts them; it escapes what is not a letter.
fn is_form_of_reports(body: &[u8]) -> bool {
    let has = |word: &[u8]| body.windows(word.len()).any(|window| window == word);
    body.starts_with(b"response=") && has(b"externalId") && has(b"eventType")
}

fn enterprise() -> Rejection {
    rejected(Reason::EnterpriseReport, "an Enterprise delivery report names no app and no wa_id; subscribe to Gupshup's v2 or v3 events")
}

fn is_not_json(element: &Element) -> bool {
    matches!(element, Element::Rejected(Rejection { reason: Reason::NotJson, .. }))
}

fn rejected(reason: Reason, detail: impl Into<String>) -> Rejection {
    Rejection { reason, detail: detail.into() }
}

#[cfg(test)]
mod tests;
