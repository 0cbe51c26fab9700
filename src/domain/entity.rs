//! The keyed entities and the events between them: who owns which knowledge, and what they tell each other.
//!
//! ```text
//! ingest ──> Message ──> Home (contact) ──> Home (circle) ──> … into … ──> root circle ──> rows that watch
//! ```

use super::event::{Cause, Echo, Inbound, Mismatch, Send, SendError};
use super::evidence::Observation;
use super::flat::FlatSet;
use super::ids::{Address, App, MessageId, Moment, Number, User};
use super::number::{Class, class};
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_64;

/// Where facts about numbers of one co-location class, or about one BSUID, live; it never moves.
///
/// The order is total and numbers come first: of two circles that turn out to be one, the smaller home takes the other in.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Home {
    /// All spellings of a number.
    Number {
        /// The tenant.
        tenant: Arc<str>,
        /// Its co-location class.
        class: Class,
    },
    /// A BSUID.
    User {
        /// The tenant.
        tenant: Arc<str>,
        /// The BSUID with its scope.
        user: User,
    },
}

impl Home {
    /// The home of a number.
    #[must_use]
    pub fn of_number(tenant: &Arc<str>, number: Number) -> Self {
        Self::Number { tenant: tenant.clone(), class: class(number) }
    }

    /// The home of a BSUID.
    #[must_use]
    pub fn of_user(tenant: &Arc<str>, user: &User) -> Self {
        Self::User { tenant: tenant.clone(), user: user.clone() }
    }

    /// The home of an address.
    #[must_use]
    pub fn of_address(tenant: &Arc<str>, address: &Address) -> Self {
        match address {
            Address::Phone(number) => Self::of_number(tenant, *number),
            Address::User(user) => Self::of_user(tenant, user),
        }
    }

    /// The tenant that the people here belong to.
    #[must_use]
    pub const fn tenant(&self) -> &Arc<str> {
        match self {
            Self::Number { tenant, .. } | Self::User { tenant, .. } => tenant,
        }
    }

    /// Whether facts about this number live here.
    #[must_use]
    pub fn holds(&self, number: Number) -> bool {
        matches!(self, Self::Number { class: own, .. } if *own == class(number))
    }
}

/// Tenants seldom share a number, and scopes a BSUID.
impl Hash for Home {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Number { class, .. } => class.hash(state),
            Self::User { user, .. } => user.id.hash(state),
        }
    }
}

/// A keyed entity: the unit of order and of ownership. One partition owns it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Entity {
    /// All that is known under one message id of one app.
    Message {
        /// The app.
        app: App,
        /// The id, Gupshup's or WhatsApp's.
        id: MessageId,
    },
    /// A number class or a BSUID, with the circle that was founded there.
    Home(Home),
}

/// What an entity's names have together, at most, as long as nobody gives very long ones.
const SHORT_BYTES: usize = 256;

impl Entity {
    /// A hash that stays the same for ever: it decides which partition owns the entity (XXH3 of its parts, each ended by a zero byte).
    #[must_use]
    pub fn stable_hash(&self) -> u64 {
        let hash = |parts: &[&[u8]]| {
            let length = parts.iter().map(|part| part.len() + 1).sum();
            let (mut short, mut long) = ([0; SHORT_BYTES], Vec::new());
            let bytes = if length <= SHORT_BYTES {
                &mut short[..length]
            } else {
                long.resize(length, 0_u8);
                &mut long
            };
            let mut rest = &mut *bytes;
            for part in parts {
                let (head, tail) = rest.split_at_mut(part.len());
                head.copy_from_slice(part);
                rest = &mut tail[1..];
            }
            xxh3_64(bytes)
        };
        match self {
            Self::Message { app, id } => hash(&[b"m", app.tenant().as_bytes(), app.name().as_bytes(), id.reveal().as_bytes()]),
            Self::Home(Home::Number { tenant, class }) => hash(&[b"n", tenant.as_bytes(), &class.value().to_le_bytes()]),
            Self::Home(Home::User { tenant, user }) => hash(&[b"u", tenant.as_bytes(), user.scope.as_bytes(), user.id.reveal().as_bytes()]),
        }
    }
}

/// An event on its way to an entity.
#[derive(Clone, PartialEq, Debug)]
pub struct Envelope {
    /// To whom.
    pub to: Entity,
    /// The input record that it follows from.
    pub cause: Cause,
    /// How many entities it has passed since ingest.
    pub hops: u32,
    /// What is told.
    pub event: Event,
}

/// All that entities are told.
#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    /// To a message: its send record.
    Send(Send),
    /// To a message: a status, or a reply that names it.
    Report(Report),
    /// To a message id: it is another name of the message with this Gupshup id.
    Alias(MessageId),
    /// To a message: a person wrote it.
    Inbound(Inbound),
    /// To a message: the business typed it in the WhatsApp Business app.
    Echo(Echo),
    /// To a message: a mismatch event that names it, with the record that brought it.
    Mismatch(Mismatch, Original),
    /// To the home of an address: what a send to it showed.
    Observed(Observation),
    /// To a home: a message of a person who is known by it.
    Placed(Message),
    /// To the home of a number: it was seen with a BSUID, or wrote, or both.
    Sighted(Sighting),
    /// To the home of the number left: a person moved.
    Moved(Change),
    /// To the home of an address: a person moved from a number that the address's row knows.
    MovedFrom(Address, Change),
    /// To a home: an address's row wants to know who is behind this number or BSUID, and who moves away from it.
    Watch(Subject, Address),
    /// To the home of a BSUID: an address that joined it wants to know the numbers seen with it.
    Subscribe(User, Address),
    /// To the home of a BSUID: a number was seen with it (and not by hearsay), earliest at this second.
    SeenWith(User, Number, i64),
    /// To the home of an address that subscribed to a BSUID: the same.
    Seen(Address, User, Number, i64),
    /// To the home of an address: who is behind a subject that its row watches.
    OwnerIs(OwnerIs),
    /// To the home of the number or BSUID that founded an identity: it turned out to be another's.
    Absorbed(Absorbed),
    /// To the circle founded at a home, forwarded to where it went.
    Circle(CircleEvent),
}

/// A status or a reply, as one message id hears it.
#[derive(Clone, PartialEq, Debug)]
pub struct Report {
    /// What was heard; `None` if the event only teaches names.
    pub heard: Option<Heard>,
    /// What failed, of a failed one.
    pub error: Option<SendError>,
    /// How the event named this message.
    pub naming: Naming,
}

/// How an event named the message that hears it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Naming {
    /// By its Gupshup id; these are other ids of the same message.
    Gupshup(Vec<MessageId>),
    /// By an id of unknown kind: this message's, or another name of it.
    Candidate,
    /// By an id that turned out to be another name of this message.
    Forwarded,
}

/// What a status or reply says about who is behind the address. Equal ones are copies of each other.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Heard {
    /// What it reports.
    pub report: ReportKind,
    /// The wa_id it names.
    pub wa_id: Option<Number>,
    /// The BSUID it names.
    pub user: Option<User>,
    /// A reply's own time, s; statuses are dated at their send.
    pub at_s: Option<i64>,
}

/// The kinds of report that wait for a send, strongest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ReportKind {
    /// A person answered the message.
    Reply,
    /// Status sent.
    Sent,
    /// Status delivered.
    Delivered,
    /// Status read or played.
    Read,
    /// Status failed.
    Failed,
}

/// An input record kept until what it says is judged, to be dead-lettered byte for byte if need be.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Original {
    /// Its key.
    pub key: Option<Arc<[u8]>>,
    /// Its value.
    pub value: Option<Arc<[u8]>>,
    /// Its headers, in order.
    pub headers: Vec<Header>,
}

/// A record header.
pub type Header = (Arc<str>, Option<Arc<[u8]>>);

/// Which way a message went. At the same second outbound comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Direction {
    /// From the business.
    Outbound,
    /// From the person.
    Inbound,
}

/// A message as its circle knows it.
#[derive(Clone, PartialEq, Debug)]
pub struct Message {
    /// The app.
    pub app: App,
    /// Which way it went.
    pub direction: Direction,
    /// Its id: as in the send record, or WhatsApp's of an inbound one or an echo.
    pub id: MessageId,
    /// The Kafka timestamp that limits compare, ms.
    pub kafka_ms: i64,
    /// When.
    pub at: Moment,
    /// The wa_id that it belongs to, by its strongest evidence.
    pub wa_id: Option<Number>,
    /// The BSUID that it belongs to, by its strongest evidence.
    pub user: Option<User>,
    /// What was dialled, of one that was sent by record: neither an inbound message nor an echo has it.
    pub address: Option<Address>,
    /// The business's id for the person, if told.
    pub customer_id: Option<Arc<str>>,
    /// What kind of message.
    pub kind: Option<Arc<str>>,
    /// WhatsApp's id, if known.
    pub whatsapp_id: Option<MessageId>,
    /// Whether it came from a click-to-WhatsApp ad.
    pub referral: bool,
    /// Counts what was said of this message; the greatest is the newest.
    pub version: u32,
}

impl Message {
    /// Whether the business typed it in the WhatsApp Business app, so that no send record is known of it.
    #[must_use]
    pub const fn is_echo(&self) -> bool {
        matches!(self.direction, Direction::Outbound) && self.address.is_none()
    }

    /// Who is seen by it: who wrote an inbound one; of an echo whom it names with both ids, which may be what was dialled. A send's evidence has sights of
    /// its own.
    #[must_use]
    pub fn sighting(&self) -> Option<Sighting> {
        let is_inbound = matches!(self.direction, Direction::Inbound);
        let shows = is_inbound || (self.is_echo() && self.user.is_some());
        let wa_id = self.wa_id.filter(|_| shows)?;
        let wrote = is_inbound.then(|| (self.app.clone(), self.id.clone()));
        Some(Sighting { wa_id, user: self.user.clone(), at: self.at, wrote, is_hearsay: !is_inbound })
    }

    /// The ids of the person that it names.
    #[must_use]
    pub const fn names(&self) -> (Option<Number>, Option<&User>) {
        (self.wa_id, self.user.as_ref())
    }

    /// The number or BSUID whose person it belongs to.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match (&self.user, &self.wa_id, &self.address) {
            (Some(user), _, _) | (None, None, Some(Address::User(user))) => Subject::User(user.clone()),
            (None, Some(number), _) | (None, None, Some(Address::Phone(number))) => Subject::Number(*number),
            (None, None, None) => unreachable!("a message names somebody"),
        }
    }

    /// The home it is placed at when nothing else is known of it: its number's, which is seen with its BSUID by that. Nothing is learnt
    /// from an echo, so that one goes to where its person is known for certain.
    #[must_use]
    pub fn home(&self) -> Home {
        match self.wa_id.filter(|_| !self.is_echo()) {
            Some(number) => Home::of_number(self.app.tenant(), number),
            None => self.subject().home(self.app.tenant()),
        }
    }
}

/// A number or a BSUID: what people are known by.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Subject {
    /// A number.
    Number(Number),
    /// A BSUID.
    User(User),
}

impl Subject {
    /// Where it lives.
    #[must_use]
    pub fn home(&self, tenant: &Arc<str>) -> Home {
        match self {
            Self::Number(number) => Home::of_number(tenant, *number),
            Self::User(user) => Home::of_user(tenant, user),
        }
    }

    /// What was dialled.
    #[must_use]
    pub fn of(address: &Address) -> Self {
        match address {
            Address::Phone(number) => Self::Number(*number),
            Address::User(user) => Self::User(user.clone()),
        }
    }

    /// The record key of it, in clear.
    #[must_use]
    pub fn address(&self) -> Address {
        match self {
            Self::Number(number) => Address::Phone(*number),
            Self::User(user) => Address::User(user.clone()),
        }
    }
}

/// A number was seen at a moment.
#[derive(Clone, PartialEq, Debug)]
pub struct Sighting {
    /// The number.
    pub wa_id: Number,
    /// With this BSUID.
    pub user: Option<User>,
    /// When.
    pub at: Moment,
    /// By a message that it wrote, to this app.
    pub wrote: Option<(App, MessageId)>,
    /// Whether the number may only repeat what was dialled.
    pub is_hearsay: bool,
}

/// A person moved from one number to another at this second; or, if both are the same, has another BSUID since.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Change {
    /// When, s.
    pub at_s: i64,
    /// The number left.
    pub old: Number,
    /// The number taken.
    pub new: Number,
    /// The BSUID that the person had on the old number, if named; of one that stayed, the BSUID that it has now.
    pub user: Option<User>,
}

/// Who is behind a subject today.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Owner {
    /// The identity.
    pub identity: Uuid,
    /// Its least BSUID there, if others had the number too.
    pub user: Option<User>,
    /// The BSUIDs of the others.
    pub others: FlatSet<User>,
    /// Since when it has it, s, if others had it before.
    pub since_s: Option<i64>,
}

/// Who is behind what a row watches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnerIs {
    /// Whose row asked.
    pub address: Address,
    /// About whom.
    pub subject: Subject,
    /// Its owner today.
    pub owner: Owner,
    /// Grows with each answer; an older one that comes late is passed over.
    pub version: u64,
    /// The identities that were found to be the same person.
    pub absorbed: FlatSet<Uuid>,
}

/// An identity turned out to be another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Absorbed {
    /// The number or BSUID that founded it.
    pub founder: Subject,
    /// The identity that is no more.
    pub previous: Uuid,
    /// The one it belongs to.
    pub current: Uuid,
}

/// What a circle is told.
#[derive(Clone, PartialEq, Debug)]
pub enum CircleEvent {
    /// Something about who was seen where.
    Fact(Fact),
    /// A message of somebody in it.
    Message(Message),
    /// A row wants to know who is behind a subject.
    Watch(Subject, Address),
    /// This home belongs to it.
    Link(Home),
    /// All that another circle knew, but its messages.
    HandOver(Box<super::circle::Circle>),
    /// Messages that another circle knew, with their conversations.
    HandOverMessages(Box<super::thread::Bundle>),
}

/// What the owners of numbers follow from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fact {
    /// A number was seen with a BSUID, earliest at this second.
    Sight(Number, User, i64),
    /// Evidence says that two spellings of one class are one subscriber.
    Same(Number, Number),
    /// A person moved.
    Change(Change),
    /// Two BSUIDs are one person's: the one before, and the one since.
    Renamed(User, User),
}
