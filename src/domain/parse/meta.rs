//! Gupshup's v3 passthrough and Meta's own Cloud API webhooks, many events a body: `{"object":"whatsapp_business_account","gs_app_id"?,
//! "entry":[{"changes":[{"field","value"}]}]}` (developers.facebook.com, WhatsApp Business Platform, "Webhooks", "messages webhook reference",
//! "Business-scoped user IDs", "smb_message_echoes webhook reference"; partner-docs.gupshup.io, "Passthrough (V3) Incoming events", "Events").
//!
//! Each status, message, echo and change of BSUID is an element of its own, and so is each change of another field, in the order of the
//! body; inside a change statuses come first, then messages, then errors. What is wrong with one of them is that one's affair. A body of
//! more than [`ELEMENTS_MAX`] elements is read up to there (Meta sends up to 1000).
//!
//! | `field` | elements |
//! |---|---|
//! | `messages` | `statuses[]`, `messages[]`; `errors[]` are counted |
//! | `smb_message_echoes` | `message_echoes[]` |
//! | `user_id_update` | `user_id_update[]`, or the value itself |
//! | any other | one, counted under its name if Meta or Gupshup document it |

mod contacts;
mod echo;
mod envelope;
mod fields;
mod message;
mod status;
mod user_update;

use super::json::{self, Array, Object, Scalar};
use super::rejected;
use crate::domain::apps::Apps;
use crate::domain::event::{Element, Reason, Rejection};
use crate::domain::ids::App;
use contacts::Contacts;
use echo::Echo;
pub use envelope::Entry;
use envelope::{Change, Contact, Metadata, Value};
use message::Message;
use serde::Deserialize;
use serde_json::value::RawValue;
use status::Status;
use std::fmt;
use user_update::UserUpdate;

/// How many elements of a body are read: ten times what Meta sends at most.
pub const ELEMENTS_MAX: usize = 10_000;

/// What an element has around it: its app, the people named beside it, its record's time.
struct Around {
    app: Result<App, Rejection>,
    contacts: Contacts,
    kafka_ms: i64,
}

impl Around {
    fn app(&self) -> Result<App, Rejection> {
        self.app.clone()
    }
}

/// Where in a body an element stands, for the details of refusals.
#[derive(Clone, Copy, Default)]
struct Place {
    entry: usize,
    change: Option<usize>,
    item: Option<(&'static str, usize)>,
}

/// The elements of a body; never none.
pub fn elements<'a>(gs_app_id: Scalar<'a>, entries: Array<Object<Entry<'a>>>, kafka_ms: i64, apps: &'a Apps) -> Vec<Element> {
    let mut walk = Walk { gs_app_id, kafka_ms, apps, elements: Vec::new() };
    walk.entries(entries);
    if walk.elements.is_empty() {
        walk.elements.push(Element::Ignored("empty envelope"));
    }
    walk.elements
}

/// A way through a body, and what was met on it.
struct Walk<'a> {
    gs_app_id: Scalar<'a>,
    kafka_ms: i64,
    apps: &'a Apps,
    elements: Vec<Element>,
}

impl<'a> Walk<'a> {
    fn entries(&mut self, entries: Array<Object<Entry<'a>>>) {
        let Array::Items(entries) = entries else {
            return self.elements.push(Element::Rejected(rejected(Reason::UnknownShape, "entry is no array")));
        };
        for (index, Object(entry)) in entries.into_iter().enumerate() {
            let place = Place { entry: index, ..Place::default() };
            match entry {
                None => self.refuse(place, "no object"),
                Some(Entry { twice: true, .. }) => self.refuse(place, "changes is given twice"),
                Some(Entry { changes: Some(Array::Items(changes)), .. }) => self.changes(place, changes),
                Some(_) => self.refuse(place, "changes is no array"),
            }
        }
    }

    fn changes(&mut self, place: Place, changes: Vec<Object<Change<'a>>>) {
        for (index, Object(change)) in changes.into_iter().enumerate() {
            let place = Place { change: Some(index), ..place };
            match change {
                None => self.refuse(place, "no object"),
                Some(Change { twice: true, .. }) => self.refuse(place, "field or value is given twice"),
                Some(change) => self.change(place, change),
            }
        }
    }

    fn change(&mut self, place: Place, change: Change<'a>) {
        let before = self.elements.len();
        let field = json::scalar(change.field);
        match (field.word(), change.value.unwrap_or_default().0) {
            ("messages" | "smb_message_echoes" | "user_id_update", None) => self.refuse(place, "value is no object"),
            ("messages" | "smb_message_echoes" | "user_id_update", Some(value)) if value.twice => {
                self.refuse(place, "a field of value is given twice");
            }
            ("messages", Some(value)) => self.messages(place, *value),
            ("smb_message_echoes", Some(value)) => self.echoes(place, *value),
            ("user_id_update", Some(value)) => self.user_updates(place, *value),
            ("", _) => self.refuse(place, "no field"),
            (field, _) => self.push(place, Ok(Element::Ignored(fields::name_of(field)))),
        }
        if self.elements.len() == before {
            self.push(place, Ok(Element::Ignored("empty change")));
        }
    }

    fn messages(&mut self, place: Place, value: Value<'a>) {
        let statuses = self.list(place, "statuses", value.statuses);
        let messages = self.list(place, "messages", value.messages);
        let around = self.around(value.metadata, value.contacts, statuses.len() + messages.len());
        self.each(place, "statuses", statuses, |status: Status<'_>| status.element(&around));
        self.each(place, "messages", messages, |message: Message<'_>| message.element(&around));
        let errors = match value.errors {
            Some(Array::Items(errors)) => errors.len(),
            Some(Array::Absent) | None => 0,
            Some(Array::Other) => 1,
        };
        for _ in 0..errors.min(ELEMENTS_MAX + 1) {
            self.push(place, Ok(Element::Ignored("messages/errors")));
        }
    }

    fn echoes(&mut self, place: Place, value: Value<'a>) {
        let echoes = self.list(place, "message_echoes", value.message_echoes);
        let around = self.around(value.metadata, value.contacts, echoes.len());
        self.each(place, "message_echoes", echoes, |echo: Echo<'_>| echo.element(&around));
    }

    fn user_updates(&mut self, place: Place, value: Value<'a>) {
        let updates = self.list(place, "user_id_update", value.user_id_update);
        let around = self.around(value.metadata, value.contacts, updates.len().max(1));
        if let Some(user_id) = value.user_id {
            self.push(place, UserUpdate::of_value(user_id, value.wa_id, value.timestamp).element(&around));
        }
        self.each(place, "user_id_update", updates, |update: UserUpdate<'_>| update.element(&around));
    }

    /// What stands around `count` elements of one change.
    fn around(&self, metadata: Option<Object<Metadata<'a>>>, contacts: Option<Array<Object<Contact<'a>>>>, count: usize) -> Around {
        let metadata = metadata.unwrap_or_default().0.unwrap_or_default();
        Around { app: self.app(&metadata), contacts: Contacts::read(contacts.unwrap_or_default(), count), kafka_ms: self.kafka_ms }
    }

    fn app(&self, metadata: &Metadata<'a>) -> Result<App, Rejection> {
        let phone_number_id = json::scalar(metadata.phone_number_id);
        let (gs_app_id, phone_number_id) = (self.gs_app_id.text(), phone_number_id.text());
        if [&gs_app_id, &phone_number_id].into_iter().flatten().any(|id| id.len() > Apps::NAME_LENGTH_MAX) {
            let detail = format!("a gs_app_id or phone_number_id of more than {} bytes", Apps::NAME_LENGTH_MAX);
            return Err(rejected(Reason::UnknownShape, detail));
        }
        let app = self.apps.of_meta(gs_app_id.as_deref(), phone_number_id.as_deref());
        app.ok_or_else(|| rejected(Reason::UnknownShape, "neither gs_app_id nor metadata.phone_number_id"))
    }

    /// The items of a list that need not be there.
    fn list(&mut self, place: Place, name: &'static str, list: Option<Array<&'a RawValue>>) -> Vec<&'a RawValue> {
        match list.unwrap_or_default() {
            Array::Items(items) => items,
            Array::Absent => Vec::new(),
            Array::Other => {
                self.push(place, Err(rejected(Reason::UnknownShape, format!("{name} is no array"))));
                Vec::new()
            }
        }
    }

    fn each<T: Deserialize<'a>>(
        &mut self,
        place: Place,
        name: &'static str,
        items: Vec<&'a RawValue>,
        element: impl Fn(T) -> Result<Element, Rejection>,
    ) {
        for (index, text) in items.into_iter().enumerate() {
            if self.is_full() {
                return;
            }
            let place = Place { item: Some((name, index)), ..place };
            match json::part(text) {
                Ok(Some(item)) => self.push(place, element(item)),
                Ok(None) => self.refuse(place, "no object"),
                Err(rejection) => self.push(place, Err(rejection)),
            }
        }
    }

    fn refuse(&mut self, place: Place, detail: &'static str) {
        self.push(place, Err(rejected(Reason::UnknownShape, detail)));
    }

    /// Takes an element in, up to the greatest count; the first one too many is refused for all that follow.
    fn push(&mut self, place: Place, element: Result<Element, Rejection>) {
        if self.is_full() {
            return;
        }
        if self.elements.len() == ELEMENTS_MAX {
            let detail = format!("{place}: more than {ELEMENTS_MAX} elements; those from here on were not read");
            return self.elements.push(Element::Rejected(rejected(Reason::TooLarge, detail)));
        }
        self.elements.push(element.unwrap_or_else(|rejection| {
            let detail = format!("{place}: {}", rejection.detail);
            Element::Rejected(Rejection { detail, ..rejection })
        }));
    }

    const fn is_full(&self) -> bool {
        self.elements.len() > ELEMENTS_MAX
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry[{}]", self.entry)?;
        if let Some(change) = self.change {
            write!(f, ".changes[{change}]")?;
        }
        match self.item {
            Some((name, index)) => write!(f, ".value.{name}[{index}]"),
            None => Ok(()),
        }
    }
}
