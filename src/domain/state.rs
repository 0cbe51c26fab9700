//! The state as entities see it: rows under keys, read and replaced whole.

use super::circle::Circle;
use super::contact::Contact;
use super::entity::{Direction, Home};
use super::ids::{App, MessageId};
use super::join::Join;
use super::step::Settings;
use super::thread::{Placed, Thread};
use std::borrow::Cow;

/// The key of a row.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Key {
    /// What is known under a message id.
    Join(App, MessageId),
    /// What a home knows about its numbers or BSUID.
    Contact(Home),
    /// The circle founded at a home.
    Circle(Home),
    /// The conversations of one app in the circle at a home.
    Thread(Home, App),
    /// A message in the circle at a home.
    Message(Home, MessageKey),
}

/// Where a message stands in its circle: by app, then in the order of the conversation.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MessageKey {
    /// The app.
    pub app: App,
    /// Event time, s.
    pub at_s: i64,
    /// Outbound first.
    pub direction: Direction,
    /// Then by id.
    pub id: MessageId,
    /// Then what was sent by record: an echo under the same id is another message.
    pub echo: bool,
}

/// What kind of row it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RowKind {
    /// What is known under a message id.
    Join,
    /// What a home knows about its numbers or BSUID.
    Contact,
    /// A circle.
    Circle,
    /// The conversations of one app in a circle.
    Thread,
    /// A message in a circle.
    Message,
}

impl RowKind {
    /// All of them, each at its own number.
    pub const ALL: [Self; 5] = [Self::Join, Self::Contact, Self::Circle, Self::Thread, Self::Message];

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Contact => "contact",
            Self::Circle => "circle",
            Self::Thread => "thread",
            Self::Message => "message",
        }
    }
}

impl Key {
    /// The kind of row that stands under it.
    #[must_use]
    pub const fn kind(&self) -> RowKind {
        match self {
            Self::Join(..) => RowKind::Join,
            Self::Contact(_) => RowKind::Contact,
            Self::Circle(_) => RowKind::Circle,
            Self::Thread(..) => RowKind::Thread,
            Self::Message(..) => RowKind::Message,
        }
    }
}

/// A row.
#[derive(Clone, PartialEq, Debug)]
pub enum Row {
    /// Under [`Key::Join`].
    Join(Box<Join>),
    /// Under [`Key::Contact`].
    Contact(Box<Contact>),
    /// Under [`Key::Circle`].
    Circle(Box<Circle>),
    /// Under [`Key::Thread`].
    Thread(Thread),
    /// Under [`Key::Message`].
    Message(Box<Placed>),
}

impl Row {
    /// When stream time should look at this row again, ms; `None` if it is kept for ever.
    #[must_use]
    pub fn deadline_ms(&self, settings: &Settings) -> Option<i64> {
        match self {
            Self::Join(join) => Some(join.deadline_ms(settings)),
            Self::Message(placed) => placed.deadline_ms(settings),
            Self::Contact(_) | Self::Circle(_) | Self::Thread(_) => None,
        }
    }
}

impl Row {
    /// The row as it keeps to settings that are about to change, as far as what was told depends on them; `None` if it needs no more to do so.
    #[must_use]
    pub fn keeping_to(&self, settings: &Settings) -> Option<Self> {
        let Self::Join(join) = self else { return None };
        let keeping = || Join { timeout_ms: Some(settings.join_timeout_ms), ..Join::clone(join) };
        join.timeout_ms.is_none().then(|| Self::Join(keeping().into()))
    }

    /// Whether it is told that its time has come.
    #[must_use]
    pub fn expires(&self, settings: &Settings) -> bool {
        matches!(self, Self::Join(join) if join.expires_ms(settings).is_some())
    }
}

/// The rows of one task. Implemented by the store; the core only reads and replaces.
pub trait State {
    /// The row under a key. A store may keep rows as bytes and make a row of them only now.
    fn get(&mut self, key: &Key) -> Option<&Row>;
    /// Puts a row under a key.
    fn put(&mut self, key: Key, row: Row);
    /// Removes a row.
    fn remove(&mut self, key: &Key);
    /// The messages of one app in the circle at `home`, with event times from `from_s` to `to_s`, in order.
    fn messages(&self, home: &Home, app: &App, from_s: i64, to_s: i64) -> Messages<'_>;
    /// Of these, those before where a message of the app stands, and those behind it.
    fn messages_around(&self, home: &Home, key: &MessageKey, from_s: i64, to_s: i64) -> (Messages<'_>, Messages<'_>);
}

/// Messages in order.
pub type Messages<'a> = Box<dyn DoubleEndedIterator<Item = Cow<'a, Placed>> + 'a>;

/// Reads of one kind of row, for callers that know which they ask for.
impl dyn State + '_ {
    /// A message id's row.
    #[must_use]
    pub fn join(&mut self, app: &App, id: &MessageId) -> Option<&Join> {
        match self.get(&Key::Join(app.clone(), id.clone())) {
            Some(Row::Join(join)) => Some(join),
            _ => None,
        }
    }

    /// A home's contact row.
    #[must_use]
    pub fn contact(&mut self, home: &Home) -> Option<&Contact> {
        match self.get(&Key::Contact(home.clone())) {
            Some(Row::Contact(contact)) => Some(contact),
            _ => None,
        }
    }

    /// A home's circle row.
    #[must_use]
    pub fn circle(&mut self, home: &Home) -> Option<&Circle> {
        match self.get(&Key::Circle(home.clone())) {
            Some(Row::Circle(circle)) => Some(circle),
            _ => None,
        }
    }

    /// A circle's conversations with one app.
    #[must_use]
    pub fn thread(&mut self, home: &Home, app: &App) -> Option<&Thread> {
        match self.get(&Key::Thread(home.clone(), app.clone())) {
            Some(Row::Thread(thread)) => Some(thread),
            _ => None,
        }
    }
}
