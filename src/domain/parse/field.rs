//! Single fields into ids, people and times, the same way for every format.

use super::json::Scalar;
use super::rejected;
use crate::domain::apps::Apps;
use crate::domain::event::{Context, Reason, Rejection};
use crate::domain::ids::{App, Bsuid, MessageId, Moment, Number};
use crate::domain::number::normalize;
use std::sync::Arc;

/// 2009-01-01T00:00:00Z, the year WhatsApp began: nothing is older.
const EARLIEST_MS: i64 = 1_230_768_000_000;
/// 2101-01-01T00:00:00Z: nothing is as late.
const LATEST_MS: i64 = 4_133_980_800_000;
/// How far an event may be ahead of the record that carries it: a day, which forgives clocks and time zones.
const AHEAD_MS_MAX: i64 = 24 * 60 * 60 * 1000;
/// From here on a time is in milliseconds: as seconds it would be in the year 5138, as milliseconds it is in 1973.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

/// How much of a message's kind and of an error's code is kept, in bytes.
pub const WORD_BYTES_MAX: usize = 64;
/// How much of an error's reason is kept, in bytes.
pub const REASON_BYTES_MAX: usize = 1024;

/// A message id; `None` if the field is not there.
pub fn id(value: &Scalar<'_>, field: &'static str) -> Result<Option<MessageId>, Rejection> {
    value.text().map(|text| id_of(&text, field)).transpose()
}

/// A message id from its text.
pub fn id_of(text: &str, field: &'static str) -> Result<MessageId, Rejection> {
    MessageId::parse(text)
        .ok_or_else(|| rejected(Reason::MissingMessageId, format!("{field} is longer than {} bytes", MessageId::LENGTH_MAX)))
}

/// The ids of one message without the one that it is known by: each once, in this order.
pub fn other_ids<const N: usize>(ids: [Option<MessageId>; N], known: Option<&MessageId>) -> Vec<MessageId> {
    let mut others = Vec::new();
    for id in ids.into_iter().flatten() {
        if Some(&id) != known && !others.contains(&id) {
            others.push(id);
        }
    }
    others
}

/// The message that another answers, by its Gupshup id and others, each with its field; `None` if there is no id of it.
pub fn context<const N: usize>(
    (gupshup_id, field): (&Scalar<'_>, &'static str),
    others: [(&Scalar<'_>, &'static str); N],
) -> Result<Option<Context>, Rejection> {
    let gupshup_id = id(gupshup_id, field)?;
    let mut ids = [const { None }; N];
    for (known, (other, field)) in ids.iter_mut().zip(others) {
        *known = id(other, field)?;
    }
    let other_ids = other_ids(ids, gupshup_id.as_ref());
    Ok((gupshup_id.is_some() || !other_ids.is_empty()).then_some(Context { gupshup_id, other_ids }))
}

/// The app of a v2 event, which gives its name, its id, or both.
pub fn v2_app(name: &Scalar<'_>, id: &Scalar<'_>, apps: &Apps) -> Result<App, Rejection> {
    let (name, id) = (name.text(), id.text());
    if [&name, &id].into_iter().flatten().any(|own| own.len() > Apps::NAME_LENGTH_MAX) {
        return Err(rejected(Reason::UnknownShape, format!("an app or appId of more than {} bytes", Apps::NAME_LENGTH_MAX)));
    }
    let app = apps.of_v2(name.as_deref(), id.as_deref());
    app.ok_or_else(|| rejected(Reason::UnknownShape, "neither app nor appId"))
}

/// Whether an id is a group's: Meta's are Base64 of `capi_group:…` ("Group messaging"), WhatsApp's own end with `@g.us`. Neither has the form of a
/// number; it is only that they are no mistake.
pub fn is_group(id: &str) -> bool {
    id.starts_with("Y2FwaV9ncm91cDo") || id.ends_with("@g.us")
}

/// A field that must be a number.
pub fn number(value: &Scalar<'_>, field: &'static str) -> Result<Number, Rejection> {
    value.text().and_then(|text| normalize(&text)).ok_or_else(|| rejected(Reason::BadNumber, format!("{field} is no number")))
}

/// What names a person: a number, or a BSUID (any text of that form is one, wherever it stands).
pub enum Name {
    /// A phone number or wa_id.
    Number(Number),
    /// A BSUID.
    User(Bsuid),
}

impl Name {
    /// The name that a text gives, if it gives one.
    pub fn parse(text: &str) -> Option<Self> {
        Bsuid::parse(text.trim()).map(Self::User).or_else(|| normalize(text).map(Self::Number))
    }
}

/// Who an event is about, as far as it says.
#[derive(Clone, Default)]
pub struct Person {
    /// The wa_id.
    pub wa_id: Option<Number>,
    /// The BSUID.
    pub user: Option<Bsuid>,
}

impl Person {
    /// Whether nobody is named.
    pub const fn is_nobody(&self) -> bool {
        self.wa_id.is_none() && self.user.is_none()
    }
}

/// Who is named by fields meant for BSUIDs and, in this order, by fields meant for numbers. It is an error if a field for numbers says
/// something and nobody is named at all; without any such field nobody is.
pub fn person(users: &[&Scalar<'_>], numbers: &[(&Scalar<'_>, &'static str)]) -> Result<Person, Rejection> {
    let mut person = Person { wa_id: None, user: users.iter().find_map(|value| Bsuid::parse(value.text()?.trim())) };
    let mut nameless = None;
    for (value, field) in numbers {
        match value.text().as_deref().map(Name::parse) {
            Some(Some(Name::Number(number))) => person.wa_id = person.wa_id.or(Some(number)),
            Some(Some(Name::User(user))) => person.user = person.user.or(Some(user)),
            Some(None) => nameless = Some(field),
            None if !value.is_absent() => nameless = Some(field),
            None => {}
        }
    }
    // A parent one says nothing more of who it is than the number does.
    person.user = person.user.filter(|user| person.wa_id.is_none() || !user.is_parent());
    match nameless {
        Some(field) if person.is_nobody() => Err(rejected(Reason::BadNumber, format!("{field} is neither a number nor a BSUID"))),
        _ => Ok(person),
    }
}

/// A moment: a number or a text of one, seconds or milliseconds by magnitude, fractions allowed. `None` if the field is not there.
pub fn moment(value: &Scalar<'_>, field: &'static str, kafka_ms: i64) -> Result<Option<Moment>, Rejection> {
    let ms = match value {
        Scalar::Absent => return Ok(None),
        Scalar::Text(text) if text.is_empty() => return Ok(None),
        Scalar::Text(text) => digits_ms(text),
        Scalar::Integer(integer) => Some(integer_ms(*integer)),
        Scalar::Float(float) => Some(float_ms(*float)),
        Scalar::Other => None,
    };
    let ms = ms.ok_or_else(|| rejected(Reason::BadTimestamp, format!("{field} is no time")))?;
    plausible(ms, field, kafka_ms).map(Some)
}

/// A moment that must be there.
pub fn required_moment(value: &Scalar<'_>, field: &'static str, kafka_ms: i64) -> Result<Moment, Rejection> {
    moment(value, field, kafka_ms)?.ok_or_else(|| rejected(Reason::BadTimestamp, format!("no {field}")))
}

/// A time as a text of digits, as [`moment`] reads it; `None` if it is something else.
pub fn digits_ms(text: &str) -> Option<i64> {
    let text = text.trim();
    text.parse().map(integer_ms).ok().or_else(|| text.parse().map(float_ms).ok())
}

/// A time that can be: between 2009 and 2100, and not more than a day ahead of its record.
pub fn plausible(ms: i64, field: &'static str, kafka_ms: i64) -> Result<Moment, Rejection> {
    if !(EARLIEST_MS..LATEST_MS).contains(&ms) {
        return Err(rejected(Reason::BadTimestamp, format!("{field} is outside 2009–2100")));
    }
    if ms > kafka_ms.saturating_add(AHEAD_MS_MAX) {
        return Err(rejected(Reason::BadTimestamp, format!("{field} is more than 24 h after the record's Kafka timestamp")));
    }
    Ok(Moment(ms))
}

const fn integer_ms(integer: i64) -> i64 {
    if integer.saturating_abs() >= MILLISECONDS_FROM { integer } else { integer * 1000 }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "saturating is right here")]
fn float_ms(float: f64) -> i64 {
    // A float beyond i64 saturates and a NaN is 0: neither is plausible.
    let ms = if float.abs() >= MILLISECONDS_FROM as f64 { float } else { float * 1000.0 };
    ms as i64
}

/// A text of the record that is carried on for people to read, cut to a bound. `None` if there is none.
pub fn label(value: &Scalar<'_>, bytes_max: usize) -> Option<Arc<str>> {
    value.text().map(|text| Arc::from(cut(&text, bytes_max)))
}

/// The longest beginning of a text that is whole characters and fits in a bound.
pub fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}
