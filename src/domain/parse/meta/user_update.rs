//! `user_id_update`: a person's BSUID became another, as it does when the number changes ("Business-scoped user IDs", "user_id_update
//! webhooks"). Parent BSUIDs are not read, here or elsewhere: each one has its own BSUID beside it.

use super::Around;
use crate::domain::event::{Element, Reason, Rejection, UserChange};
use crate::domain::ids::Bsuid;
use crate::domain::parse::field::{self, Person};
use crate::domain::parse::json::{self, Object, Scalar};
use crate::domain::parse::rejected;
use serde::Deserialize;
use serde_json::value::RawValue;

/// One of `user_id_update`, or the `value` of the change itself.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct UserUpdate<'a> {
    #[serde(borrow)]
    wa_id: Scalar<'a>,
    #[serde(borrow)]
    user_id: Object<Transition<'a>>,
    #[serde(borrow)]
    timestamp: Scalar<'a>,
}

/// `user_id`: from what to what.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Transition<'a> {
    #[serde(borrow)]
    previous: Scalar<'a>,
    #[serde(borrow)]
    current: Scalar<'a>,
}

impl<'a> UserUpdate<'a> {
    /// The update that the `value` of a change itself is, by its fields.
    pub fn of_value(user_id: &'a RawValue, wa_id: Option<&'a RawValue>, timestamp: Option<&'a RawValue>) -> Self {
        let user_id = Object(json::part(user_id).unwrap_or_default());
        Self { wa_id: json::scalar(wa_id), user_id, timestamp: json::scalar(timestamp) }
    }

    /// The element that it is.
    pub fn element(self, around: &Around) -> Result<Element, Rejection> {
        let Some(ids) = &self.user_id.0 else { return Err(rejected(Reason::MissingField, "user_id is no object")) };
        let current = bsuid(&ids.current, "user_id.current")?.ok_or_else(|| rejected(Reason::MissingField, "no user_id.current"))?;
        let previous = bsuid(&ids.previous, "user_id.previous")?;
        let at = field::required_moment(&self.timestamp, "timestamp", around.kafka_ms)?;
        let Person { wa_id, .. } = field::person(&[], &[(&self.wa_id, "wa_id")])?;
        let contact = around.contacts.of(&Person { wa_id, user: Some(current.clone()) });
        if previous.as_ref() == Some(&current) {
            return Ok(Element::Ignored("user_id_update"));
        }
        Ok(Element::UserChange(UserChange { app: around.app()?, previous, current, old: None, wa_id: wa_id.or(contact.wa_id), at }))
    }
}

/// A BSUID; `None` if the field is not there.
fn bsuid(value: &Scalar<'_>, field: &'static str) -> Result<Option<Bsuid>, Rejection> {
    if value.is_absent() {
        return Ok(None);
    }
    let parsed = value.text().and_then(|text| Bsuid::parse(text.trim()));
    parsed.map(Some).ok_or_else(|| rejected(Reason::BadNumber, format!("{field} is no BSUID")))
}
