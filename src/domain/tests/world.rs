//! All entities in one place, which take what they are told in a random order; only between two of them order holds.

use crate::domain::entity::{Direction, Entity, Envelope, Home, Original};
use crate::domain::event::{Cause, Echo, Element, Inbound, Mismatch, Send, Source, Status, StatusKind, UserChange};
use crate::domain::evidence::Evidence;
use crate::domain::ids::{Address, App, Bsuid, MessageId, Moment, Number};
use crate::domain::ingest::{Routed, route};
use crate::domain::join::Join;
use crate::domain::output::{ConversationEvent, ConversationEventType, IdentityEvent, IdentityEventType, MessageFields, Output};
use crate::domain::state::{Key, MessageKey, Messages, Row, State};
use crate::domain::step::{Settings, Step};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use uuid::Uuid;

/// How many orders each history is taken in.
pub const ORDERS: u64 = 200;

/// What was told last of everything.
#[derive(Default)]
pub struct World {
    rows: BTreeMap<Key, Row>,
    waiting: BTreeMap<(From, Entity), VecDeque<Envelope>>,
    messages: BTreeMap<Name, (MessageFields, ConversationEvent)>,
    assigned: Vec<Name>,
    addresses: BTreeMap<Address, IdentityEvent>,
    merged: BTreeMap<Uuid, Uuid>,
    /// How many elements were refused.
    pub dead_letters: usize,
}

/// A message by its direction, its id as in its send record, and WhatsApp's.
type Name = (Direction, Option<MessageId>, Option<MessageId>);

/// Who tells something: an element, or an entity.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum From {
    Element(usize),
    Entity(Entity),
}

impl World {
    /// The elements, and all that follows from them, in an order of this seed.
    pub fn of(elements: &[Element], seed: u64) -> Self {
        Self::at(&elements.iter().map(|element| (0, element.clone())).collect::<Vec<_>>(), seed)
    }

    /// The same of elements that came this many seconds later.
    pub fn at(elements: &[(i64, Element)], seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut world = Self::default();
        for (index, (later_s, element)) in elements.iter().enumerate() {
            world.route(index, element, *later_s);
        }
        while world.turn(&mut random) {
            world.check_numbers();
        }
        world
    }

    /// The same, each element with all that follows from it before the next.
    pub fn in_order(elements: &[Element]) -> Self {
        let mut world = Self::default();
        for (index, element) in elements.iter().enumerate() {
            world.route(index, element, 0);
            while world.turn(&mut ChaCha8Rng::seed_from_u64(0)) {}
        }
        world
    }

    /// What was said last of the message with this id as in its send record.
    pub fn sent(&self, id: &str) -> &MessageFields {
        &self.messages[&self.name(Direction::Outbound, id, true)].0
    }

    /// What was said last of the echo with this id.
    pub fn echo(&self, id: &str) -> &MessageFields {
        &self.messages[&self.name(Direction::Outbound, id, false)].0
    }

    /// What was said last of the inbound message with this id.
    pub fn inbound(&self, id: &str) -> &MessageFields {
        &self.messages[&self.name(Direction::Inbound, id, false)].0
    }

    /// What is known under this message id.
    pub fn join(&self, id: &str) -> &Join {
        match &self.rows[&Key::Join(app(), self::id(id))] {
            Row::Join(join) => join,
            _ => unreachable!("what stands under that key"),
        }
    }

    /// How many messages were assigned, of which none was twice.
    pub fn assigned(&self) -> usize {
        assert_eq!(self.assigned.iter().collect::<BTreeSet<_>>().len(), self.assigned.len(), "assigned twice");
        self.assigned.len()
    }

    /// How many persons the messages are of.
    pub fn persons(&self) -> usize {
        self.messages.values().map(|(_, event)| self.follow(event.identity_id)).collect::<BTreeSet<_>>().len()
    }

    /// How many conversations the messages are in.
    pub fn conversations(&self) -> usize {
        self.messages.values().map(|(_, event)| self.follow(event.conversation_id)).collect::<BTreeSet<_>>().len()
    }

    /// Who began the conversation of the echo with this id.
    pub fn opened_by(&self, id: &str) -> Direction {
        self.messages[&self.name(Direction::Outbound, id, false)].1.opened_by
    }

    /// The answer for a phone and what it rests on.
    pub fn answer(&self, phone: &str) -> (Option<Number>, Option<Evidence>) {
        let row = &self.addresses[&Address::Phone(number(phone))];
        (row.wa_id, row.evidence)
    }

    /// Each conversation has a number of its own and messages, and each message that was told is in one of them; and a thread knows how many of those are
    /// stray.
    fn check_numbers(&self) {
        let mut strays: BTreeMap<(&Home, &App), u32> = BTreeMap::new();
        let mut with_messages: BTreeSet<(&Home, &App, u32)> = BTreeSet::new();
        let mut known: Vec<(&Home, &App, u32)> = Vec::new();
        let mut told_strays = Vec::new();
        for (key, row) in &self.rows {
            match (key, row) {
                (Key::Message(home, message), Row::Message(placed)) => {
                    with_messages.extend(placed.told.map(|told| (home, &message.app, told.conversation)));
                    *strays.entry((home, &message.app)).or_default() += u32::from(placed.told.is_some() && placed.is_stray());
                }
                (Key::Thread(home, app), Row::Thread(thread)) => {
                    told_strays.push(((home, app), thread.strays));
                    known.extend(thread.conversations.iter().map(|conversation| (home, app, conversation.number)));
                }
                _ => {}
            }
        }
        assert_eq!(known, with_messages.into_iter().collect::<Vec<_>>());
        for (thread, count) in told_strays {
            assert_eq!(count, Some(strays.get(&thread).copied().unwrap_or_default()));
        }
    }

    fn name(&self, direction: Direction, id: &str, is_sent: bool) -> Name {
        let id = MessageId::parse(id).expect("an id");
        let of = |(way, sent, whatsapp): &&Name| {
            *way == direction && if is_sent { sent } else { whatsapp }.as_ref() == Some(&id) && sent.is_some() == is_sent
        };
        self.messages.keys().find(of).expect("it was told of").clone()
    }

    fn follow(&self, id: Uuid) -> Uuid {
        self.merged.get(&id).map_or(id, |into| self.follow(*into))
    }

    fn route(&mut self, index: usize, element: &Element, later_s: i64) {
        let offset = i64::try_from(index).expect("few");
        let cause = Cause { source: Source::Webhooks, partition: 0, offset, element: 0, kafka_ms: (T + later_s) * 1000 };
        match route(element.clone(), &cause, Original::default) {
            Routed::Events(events) => self.wait(&From::Element(index), events),
            Routed::Ignored(name) => panic!("{name} is of interest"),
            Routed::Rejected(rejection) => panic!("{}", rejection.detail),
        }
    }

    fn wait(&mut self, from: &From, events: Vec<Envelope>) {
        for envelope in events {
            self.waiting.entry((from.clone(), envelope.to.clone())).or_default().push_back(envelope);
        }
    }

    fn turn(&mut self, random: &mut ChaCha8Rng) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        let index = random.random_range(0..self.waiting.len());
        let between = self.waiting.keys().nth(index).expect("in range").clone();
        let queue = self.waiting.get_mut(&between).expect("just found");
        let envelope = queue.pop_front().expect("none is empty");
        if queue.is_empty() {
            self.waiting.remove(&between);
        }
        let mut rows = Rows(&mut self.rows);
        let Step { told, outputs, .. } = Step::take(&mut rows, &Settings::USUAL, &envelope);
        self.wait(&From::Entity(envelope.to), told);
        for output in outputs {
            self.note(output);
        }
        true
    }

    fn note(&mut self, output: Output) {
        match output {
            Output::Conversation(event) => self.note_conversation(event),
            Output::Identity(event) => {
                if event.event_type == IdentityEventType::Merged {
                    self.merged.insert(event.previous_identity_id.expect("of a merge"), event.identity_id);
                }
                if event.is_row {
                    self.addresses.insert(event.address.clone(), event);
                }
            }
            Output::DeadLetter(_) => self.dead_letters += 1,
            Output::SendUnresolved(_) => panic!("{output:?}"),
        }
    }

    fn note_conversation(&mut self, event: ConversationEvent) {
        let fields = match &event.event_type {
            ConversationEventType::Merged => {
                self.merged.insert(event.previous_conversation_id.expect("of a merge"), event.conversation_id);
                return;
            }
            ConversationEventType::Assigned(fields) => {
                self.assigned.push(name_of(fields));
                fields
            }
            ConversationEventType::Moved(fields) => fields,
        };
        let known = self.messages.get(&name_of(fields));
        if known.is_none_or(|(known, _)| known.revision < fields.revision) {
            self.messages.insert(name_of(fields), (fields.as_ref().clone(), event));
        }
    }
}

fn name_of(fields: &MessageFields) -> Name {
    (fields.direction, fields.message_id.clone(), fields.whatsapp_message_id.clone())
}

struct Rows<'a>(&'a mut BTreeMap<Key, Row>);

impl State for Rows<'_> {
    fn get(&mut self, key: &Key) -> Option<&Row> {
        self.0.get(key)
    }

    fn put(&mut self, key: Key, row: Row) {
        self.0.insert(key, row);
    }

    fn remove(&mut self, key: &Key) {
        self.0.remove(key);
    }

    fn messages(&self, home: &Home, app: &App, from_s: i64, to_s: i64) -> Messages<'_> {
        let (home, app) = (home.clone(), app.clone());
        Box::new(self.0.iter().filter_map(move |(key, row)| match (key, row) {
            (Key::Message(own, message), Row::Message(placed)) => {
                let wanted = *own == home && app == message.app;
                (wanted && (from_s..=to_s).contains(&message.at_s)).then_some(Cow::Borrowed(placed.as_ref()))
            }
            _ => None,
        }))
    }

    fn messages_around(&self, home: &Home, key: &MessageKey, from_s: i64, to_s: i64) -> (Messages<'_>, Messages<'_>) {
        let all = || self.messages(home, &key.app, from_s, to_s);
        let (before, behind) = (key.clone(), key.clone());
        (Box::new(all().filter(move |row| row.key() < before)), Box::new(all().filter(move |row| row.key() > behind)))
    }
}

/// Second 0 of every history.
const T: i64 = 1_760_000_000;

pub fn number(digits: &str) -> Number {
    Number::from_digits(digits).expect("a number")
}

pub fn moment(at_s: i64) -> Moment {
    Moment((T + at_s) * 1000)
}

fn app() -> App {
    App::new("default", "app", "app")
}

fn id(id: &str) -> MessageId {
    MessageId::parse(id).expect("an id")
}

fn bsuid(id: &str) -> Bsuid {
    Bsuid::parse(id).expect("the form")
}

/// A message from whom these name.
pub fn inbound(message: &str, wa_id: Option<&str>, user: Option<&str>, at_s: i64) -> Element {
    Element::Inbound(Inbound {
        app: app(),
        id: id(message),
        wa_id: wa_id.map(number),
        user: user.map(bsuid),
        at: moment(at_s),
        kind: Some("text".into()),
        context: None,
        referral: false,
    })
}

/// The same, of somebody whom an advertisement led there.
pub fn led_there(message: Element) -> Element {
    let Element::Inbound(inbound) = message else { panic!("not inbound") };
    Element::Inbound(Inbound { referral: true, ..inbound })
}

/// A message typed in the WhatsApp Business app, to whom these name.
pub fn echo(message: &str, wa_id: Option<&str>, user: Option<&str>, at_s: i64) -> Element {
    let (wa_id, user) = (wa_id.map(number), user.map(bsuid));
    Element::Echo(Echo { app: app(), id: id(message), wa_id, user, at: moment(at_s), kind: Some("image".into()) })
}

/// A send record.
pub fn send(message: &str, phone: &str, at_s: i64) -> Element {
    Element::Send(Send {
        app: app(),
        id: id(message),
        destination: Address::Phone(number(phone)),
        customer_id: Some("crm-17".into()),
        wa_id: None,
        at: moment(at_s),
        kind: None,
    })
}

/// News that a message was delivered to whom these name.
pub fn delivered(message: &str, wa_id: Option<&str>, user: Option<&str>) -> Element {
    Element::Status(Status {
        app: app(),
        kind: StatusKind::Delivered,
        gupshup_id: Some(id(message)),
        other_ids: Vec::new(),
        wa_id: wa_id.map(number),
        user: user.map(bsuid),
        at: moment(0),
        error: None,
    })
}

/// News that a BSUID became another, or that whoever has a number has another one.
pub fn renamed(previous: Option<&str>, current: &str, wa_id: Option<&str>, at_s: i64) -> Element {
    let (previous, current, wa_id) = (previous.map(bsuid), bsuid(current), wa_id.map(number));
    Element::UserChange(UserChange { app: app(), previous, current, old: None, wa_id, at: moment(at_s) })
}

/// A mismatch event of a message.
pub fn mismatch(message: &str, wa_id: &str, at_s: i64) -> Element {
    Element::Mismatch(Mismatch { app: app(), id: id(message), wa_id: number(wa_id), at: moment(at_s) })
}
