//! The names of things: apps, numbers, BSUIDs, message ids. Whatever could identify a person masks itself in `Debug` and `Display`.

use super::wamid::{self, Wamid, WamidText};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;
use uuid::Uuid;

/// A messaging app of a business, as configured (or as it names itself), with what its events inherit from it.
///
/// With another portfolio it is another app: what was kept of it before is not found. Cloning is a reference count.
#[derive(Clone, PartialEq, Eq)]
pub struct App(Arc<AppFields>);

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct AppFields {
    tenant: Arc<str>,
    name: Arc<str>,
    scope: Arc<str>,
}

impl App {
    /// An app of `tenant`; `scope` is the portfolio inside which its BSUIDs are unique, or the app's own name.
    #[must_use]
    pub fn new(tenant: &str, name: &str, scope: &str) -> Self {
        Self(Arc::new(AppFields { tenant: tenant.into(), name: name.into(), scope: scope.into() }))
    }

    /// The tenant whose people this app talks to.
    #[must_use]
    pub fn tenant(&self) -> &Arc<str> {
        &self.0.tenant
    }

    /// The app's name, unique in the deployment.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.0.name
    }

    /// Where a BSUID seen by this app is unique: its portfolio if configured, else the app.
    #[must_use]
    pub fn scope(&self) -> &Arc<str> {
        &self.0.scope
    }
}

/// Mostly the two are clones of one.
impl Ord for App {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) { Ordering::Equal } else { self.0.cmp(&other.0) }
    }
}

impl PartialOrd for App {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The name alone is enough to tell apps apart.
impl Hash for App {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.name.hash(state);
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0.tenant, self.0.name)
    }
}

/// A phone number or wa_id: 5 to 15 digits, country code first, nothing else. Ordered as its digits are as text.
///
/// Kept as `digits × 10^(15 − count) × 16 + count`, so that comparing two is comparing two integers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(u64);

impl Number {
    /// The fewest digits taken for a number.
    pub const DIGITS_MIN: u32 = 5;
    /// The most digits of an international number (ITU-T E.164).
    pub const DIGITS_MAX: u32 = 15;

    /// A number from its digits alone; `None` for another character, a leading zero, or a length that no number has.
    #[must_use]
    pub fn from_digits(digits: &str) -> Option<Self> {
        let clean = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
        digits.parse().ok().filter(|_| clean).and_then(Self::from_value)
    }

    /// The digits as an integer, which [`Self::from_value`] takes back.
    #[must_use]
    pub const fn value(self) -> u64 {
        (self.0 >> 4) / 10_u64.pow(Self::DIGITS_MAX - self.count())
    }

    /// A number from what [`Self::value`] gave; `None` for what it cannot have given.
    #[must_use]
    pub const fn from_value(value: u64) -> Option<Self> {
        if value < 10_u64.pow(Self::DIGITS_MIN - 1) || value >= 10_u64.pow(Self::DIGITS_MAX) {
            return None;
        }
        let count = value.ilog10() + 1;
        Some(Self((value * 10_u64.pow(Self::DIGITS_MAX - count)) << 4 | count as u64))
    }

    /// The digits, in clear: for records and keys, never for logs.
    #[must_use]
    pub fn reveal(self) -> String {
        self.value().to_string()
    }

    const fn count(self) -> u32 {
        (self.0 & 15) as u32
    }
}

impl fmt::Debug for Number {
    /// The first two and the last two digits: enough to tell a country and two numbers of one log apart, not to call.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.value().to_string();
        write!(f, "{}…{}", &digits[..2], &digits[digits.len() - 2..])
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A business-scoped user id, `CC.` and up to 128 letters and digits (`CC.ENT.…` for a parent), unique inside a scope.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bsuid(Arc<str>);

impl Bsuid {
    /// The longest id kept, parent prefix included.
    pub const LENGTH_MAX: usize = 160;

    /// A BSUID if the text has the form of one: two capital letters, a dot, then letters, digits and dots.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let form = bytes.len() > 3
            && bytes.len() <= Self::LENGTH_MAX
            && bytes[0].is_ascii_uppercase()
            && bytes[1].is_ascii_uppercase()
            && bytes[2] == b'.';
        // To count is to look at many at once.
        let others = || bytes[3..].iter().filter(|byte| !(byte.is_ascii_alphanumeric() || **byte == b'.')).count();
        (form && others() == 0).then(|| Self(text.into()))
    }

    /// The id, in clear: for records and keys, never for logs.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether it is a parent one, which a person has beside that of the portfolio ("Business-scoped user IDs", Meta). Webhooks name people by the other.
    #[must_use]
    pub fn is_parent(&self) -> bool {
        self.0[2..].starts_with(".ENT.")
    }
}

impl fmt::Debug for Bsuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", &self.0[..3])
    }
}

impl fmt::Display for Bsuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A BSUID with the scope inside which it is unique. Ordered by the scope, then by the id.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct User {
    /// The portfolio, or the app's name.
    pub scope: Arc<str>,
    /// The id inside it.
    pub id: Bsuid,
}

/// Mostly the two scopes are clones of one.
impl Ord for User {
    fn cmp(&self, other: &Self) -> Ordering {
        let same_scope = Arc::ptr_eq(&self.scope, &other.scope);
        let by_scope = if same_scope { Ordering::Equal } else { self.scope.cmp(&other.scope) };
        by_scope.then_with(|| self.id.cmp(&other.id))
    }
}

impl PartialOrd for User {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What a send record dialled, and what a row of identities is keyed by.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Address {
    /// A phone number, as the business knows it.
    Phone(Number),
    /// A person without a phone, by BSUID.
    User(User),
}

impl Address {
    /// The record key: the digits, or `scope:BSUID`. In clear, never for logs.
    #[must_use]
    pub fn reveal(&self) -> String {
        match self {
            Self::Phone(number) => number.reveal(),
            Self::User(user) => format!("{}:{}", user.scope, user.id.reveal()),
        }
    }

    /// The number, if it is one.
    #[must_use]
    pub const fn phone(&self) -> Option<Number> {
        match self {
            Self::Phone(number) => Some(*number),
            Self::User(_) => None,
        }
    }

    /// The BSUID, if it is one.
    #[must_use]
    pub const fn user(&self) -> Option<&User> {
        match self {
            Self::Phone(_) => None,
            Self::User(user) => Some(user),
        }
    }

    /// The BSUID that is seen with the numbers of whoever it reaches, if it is one: not a parent BSUID, which would look like another person's.
    #[must_use]
    pub fn person(&self) -> Option<&User> {
        self.user().filter(|user| !user.id.is_parent())
    }
}

/// An id of a message, on either side: Gupshup's or WhatsApp's (a wamid embeds the peer's digits, so it masks itself too). Ordered as texts.
///
/// Nearly all of Gupshup's are UUIDs, and nearly all of Meta's have one form, and are kept as such: no allocation, and less than half of the
/// bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MessageId(Form);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Form {
    /// One that is written as UUIDs are: 36 characters, in lower case.
    Uuid(Uuid),
    /// One as Meta mostly makes them.
    Wamid(Wamid),
    /// Any other.
    Text(Arc<str>),
}

/// The text of a message id, in clear.
pub struct IdText<'a>(Shown<'a>);

enum Shown<'a> {
    Uuid([u8; uuid::fmt::Hyphenated::LENGTH]),
    Wamid(WamidText),
    Text(&'a str),
}

impl MessageId {
    /// The longest id taken.
    pub const LENGTH_MAX: usize = 512;
    /// What ids begin with that Meta gives; base64 follows.
    pub const WAMID: &str = wamid::PREFIX;

    /// An id from its text; `None` if it is empty or longer than [`Self::LENGTH_MAX`] bytes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > Self::LENGTH_MAX {
            return None;
        }
        let form = plain_uuid(text).map(Form::Uuid).or_else(|| Wamid::parse(text).map(Form::Wamid));
        Some(Self(form.unwrap_or_else(|| Form::Text(text.into()))))
    }

    /// An id that is written as this UUID is.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(Form::Uuid(uuid))
    }

    /// An id of this form of Meta's.
    #[must_use]
    pub const fn from_wamid(wamid: Wamid) -> Self {
        Self(Form::Wamid(wamid))
    }

    /// The UUID that it is written as, if it is.
    #[must_use]
    pub const fn uuid(&self) -> Option<&Uuid> {
        match &self.0 {
            Form::Uuid(uuid) => Some(uuid),
            Form::Wamid(_) | Form::Text(_) => None,
        }
    }

    /// What it says, if it has the form that most of Meta's have.
    #[must_use]
    pub const fn wamid(&self) -> Option<&Wamid> {
        match &self.0 {
            Form::Wamid(wamid) => Some(wamid),
            Form::Uuid(_) | Form::Text(_) => None,
        }
    }

    /// The id, in clear: for records and keys, never for logs.
    #[must_use]
    pub fn reveal(&self) -> IdText<'_> {
        IdText(match &self.0 {
            Form::Uuid(uuid) => {
                let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
                uuid.hyphenated().encode_lower(&mut text);
                Shown::Uuid(text)
            }
            Form::Wamid(wamid) => Shown::Wamid(wamid.text()),
            Form::Text(text) => Shown::Text(text),
        })
    }

    /// Whether Meta gave the id itself, so that the send response's wa_id is an answer and not an echo.
    #[must_use]
    pub fn is_wamid(&self) -> bool {
        match &self.0 {
            Form::Uuid(_) => false,
            Form::Wamid(_) => true,
            Form::Text(text) => text.starts_with(Self::WAMID),
        }
    }
}

/// The UUID of a text that is just as one is written: other ways to write it are other texts, and other ids.
fn plain_uuid(text: &str) -> Option<Uuid> {
    let may_be = text.len() == uuid::fmt::Hyphenated::LENGTH && !text.bytes().any(|byte| byte.is_ascii_uppercase());
    may_be.then(|| Uuid::try_parse_ascii(text.as_bytes()).ok()).flatten()
}

impl Deref for IdText<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Shown::Uuid(text) => std::str::from_utf8(text).expect("digits and hyphens"),
            Shown::Wamid(text) => text.as_str(),
            Shown::Text(text) => text,
        }
    }
}

/// Bytes of UUIDs sort as their texts do.
impl Ord for MessageId {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Form::Uuid(one), Form::Uuid(other)) => one.cmp(other),
            (Form::Text(one), Form::Text(other)) => one.cmp(other),
            (Form::Wamid(one), Form::Wamid(other)) if one == other => Ordering::Equal,
            _ => self.reveal().cmp(&*other.reveal()),
        }
    }
}

impl PartialOrd for MessageId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.reveal();
        let head: String = text.chars().take(6).collect();
        write!(f, "{head}…({})", text.len())
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A moment of event time: milliseconds since 1970, compared by whole seconds wherever two events are compared.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Moment(pub i64);

impl Moment {
    /// Whole seconds since 1970, the unit in which event times are compared.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(digits: &str) -> Number {
        Number::from_digits(digits).expect("a number")
    }

    #[test]
    fn numbers_sort_as_text() {
        let mut digits = ["553587654321", "5535987654321", "55359", "5535", "1", "12025550123", "120255501234"].map(String::from).to_vec();
        digits.retain(|text| Number::from_digits(text).is_some());
        let mut numbers: Vec<Number> = digits.iter().map(|text| number(text)).collect();
        digits.sort();
        numbers.sort();
        assert_eq!(numbers.iter().map(|n| n.reveal()).collect::<Vec<_>>(), digits);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "1234", "0123456789", "+5535987654321", "55 35", "1234567890123456", "55359x"] {
            assert_eq!(Number::from_digits(text), None, "{text}");
        }
    }

    #[test]
    fn people_are_masked() {
        let user = User { scope: "app".into(), id: Bsuid::parse("BR.1648738043044942").expect("form") };
        let shown = format!("{:?} {user:?} {:?}", number("5535987654321"), MessageId::parse("wamid.HBgMNTUz").expect("id"));
        assert_eq!(shown, r#"55…21 User { scope: "app", id: BR.… } wamid.…(14)"#);
    }

    #[test]
    fn message_ids_are_their_texts_whatever_they_are_kept_as() {
        let mut texts = [
            "ee4a68a0-1203-4c85-8dc3-49d0b3226a35",
            "EE4A68A0-1203-4C85-8DC3-49D0B3226A35",
            "ee4a68a012034c858dc349d0b3226a35",
            "{ee4a68a0-1203-4c85-8dc3-49d0b3226a3",
            "ee4a68a0-1203-4c85-8dc3-49d0b3226a3g",
            "00000000-0000-0000-0000-000000000000",
            "ee4a68a0-1203-4c85-8dc3-49d0b3226a34",
            "ee4a68a0-1203-4c85-8dc3-49d0b3226a3\u{0}",
            "wamid.HBgMNTUz",
            "wamid.HBgLMTY0NjcwNDM1OTUVAgARGBI1RjQyNUE3NEYxMzAzMzQ5MkEA",
            "wamid.HBgLMTY0NjcwNDM1OTYVAgARGBI1RjQyNUE3NEYxMzAzMzQ5MkEA",
            "wamid.HBgLMTY0NjcwNDM1OTY",
            "ee4b",
            "ee4",
            "é",
        ];
        let mut ids = texts.map(|text| MessageId::parse(text).expect("an id"));
        assert!(ids.iter().zip(texts).all(|(id, text)| *id.reveal() == *text));
        assert_eq!(ids.iter().filter(|id| id.uuid().is_some()).count(), 3);
        assert_eq!(ids.iter().filter(|id| id.wamid().is_some()).count(), 2);
        texts.sort_unstable();
        ids.sort();
        assert!(ids.iter().zip(texts).all(|(id, text)| *id.reveal() == *text));
        assert_eq!((MessageId::parse(""), MessageId::parse(&"x".repeat(513))), (None, None));
    }

    #[test]
    fn a_bsuid_has_its_form() {
        assert!(Bsuid::parse("US.ENT.1a2B").is_some());
        for text in ["US.", "us.12", "USA.12", "5535987654321", "BR.12 3", "BR.é"] {
            assert_eq!(Bsuid::parse(text), None, "{text}");
        }
    }
}
