//! Messages and conversations of one app in one circle: what an ordinary message does to them.

use super::circle::NAMESPACE;
use super::entity::{Direction, Home, Message};
use super::flat::FlatMap;
use super::ids::{Address, App, Moment, Number};
use super::name_based::name_based;
use super::output::{ConversationEvent, ConversationEventType, MessageFields, Output};
use super::state::{Key, MessageKey, Row};
use super::step::{Settings, Step};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use uuid::Uuid;

/// The row of one app's conversations in a circle.
#[derive(Clone, PartialEq, Debug)]
pub struct Thread {
    /// The conversations told of, none without a message, by their numbers.
    pub conversations: Vec<Conversation>,
    /// How the business knows each person, as of the sends told of.
    pub people: FlatMap<Uuid, Known>,
    /// How many of the messages told of are stray; `None` if a version wrote the row that did not count them. While none is, those near to each other are
    /// tied, and need not be looked at.
    pub strays: Option<u32>,
}

/// How far the Kafka time of a message may be from its own, ms, lest it is stray.
const STRAY_MS: u64 = 12 * 3_600_000;

/// A conversation.
#[derive(Clone, PartialEq, Debug)]
pub struct Conversation {
    /// What the rows of its messages call it; no other of its thread has this number.
    pub number: u32,
    /// Its id.
    pub id: Uuid,
    /// The person.
    pub identity: Uuid,
    /// Its first message.
    pub first: MessageKey,
    /// The time of its last message, s.
    pub last_s: i64,
    /// The time of the last of its messages that were forgotten, if any were, s. Those stay as they were told, and keep together what they
    /// held together.
    pub gone_s: Option<i64>,
}

/// How the business knows a person.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Known {
    /// The phone dialled, by the newest send that dialled one.
    pub phone: Option<Number>,
    /// The business's own id, of the newest send that has one.
    pub customer_id: Option<Arc<str>>,
    /// When the first was, s.
    pub phone_s: Option<i64>,
    /// When the second was, s.
    pub customer_s: Option<i64>,
}

/// The row of a message in its circle.
#[derive(Clone, PartialEq, Debug)]
pub struct Placed {
    /// The message.
    pub message: Message,
    /// What was told of it; `None` until its person is known here.
    pub told: Option<Told>,
    /// End of the service window that is open as of this message, ms.
    pub window_ms: Option<i64>,
    /// How many conversations this message has founded.
    pub founded: u32,
}

/// What was told of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Told {
    /// The number of its conversation, which knows id and person. It is in the thread as long as the message is.
    pub conversation: u32,
    /// How often it was told.
    pub revision: u32,
}

/// Whole conversations, on their way to another circle.
#[derive(Clone, PartialEq, Debug)]
pub struct Bundle {
    /// The app.
    pub app: App,
    /// The messages.
    pub messages: Vec<Placed>,
    /// Their conversations, with the numbers that the messages know them by.
    pub conversations: Vec<Conversation>,
    /// How the business knows the people.
    pub people: FlatMap<Uuid, Known>,
}

/// What became of a message that its circle was told of.
#[derive(Clone, Copy)]
pub enum Replaced {
    /// It is new.
    New,
    /// It says something else than before.
    Changed,
    /// Nothing follows from what it says.
    Stale,
}

/// Messages a hand-over carries in one event, unless one conversation alone has more.
const BUNDLE_MESSAGES_MAX: usize = 500;

impl Known {
    /// What is known of the same person besides: of each, the newest counts.
    pub fn take_in(&mut self, other: Self) {
        (self.phone_s, self.phone) = (self.phone_s, self.phone).max((other.phone_s, other.phone));
        (self.customer_s, self.customer_id) = (self.customer_s, self.customer_id.take()).max((other.customer_s, other.customer_id));
    }
}

impl Placed {
    /// Where it stands.
    #[must_use]
    pub fn key(&self) -> MessageKey {
        key_of(&self.message)
    }

    /// Whether it was told to be in the conversation with this number.
    #[must_use]
    pub fn is_in(&self, conversation: u32) -> bool {
        self.told.is_some_and(|told| told.conversation == conversation)
    }

    /// Whether its Kafka time is far from its own.
    #[must_use]
    pub fn is_stray(&self) -> bool {
        self.message.kafka_ms.abs_diff(self.message.at.seconds() * 1000) > STRAY_MS
    }

    /// Whether it says the same as before of all that a conversation depends on, but for whose the message is, and when it came.
    fn says_the_same(&self, before: &Self) -> bool {
        let said = |message: &Message| (message.direction, message.at, message.referral);
        let (now, before) = (&self.message, &before.message);
        said(now) == said(before) && now.address == before.address && now.customer_id == before.customer_id
    }

    /// When the message can be forgotten, ms; `None` until its person is known.
    #[must_use]
    pub fn deadline_ms(&self, settings: &Settings) -> Option<i64> {
        self.told.map(|_| self.message.kafka_ms.saturating_add(settings.message_kept_ms()))
    }

    /// Whether two messages of one person and app are tied into one conversation.
    #[must_use]
    pub fn is_tied(&self, other: &Self, settings: &Settings) -> bool {
        let apart_s = self.message.at.seconds().abs_diff(other.message.at.seconds());
        let kafka_apart_ms = self.message.kafka_ms.abs_diff(other.message.kafka_ms);
        apart_s <= settings.idle_timeout_s.unsigned_abs() && kafka_apart_ms <= settings.tie_kafka_ms().unsigned_abs()
    }

    /// The end of the service window after this message, ms, given that before it; of one that is over by then nothing is said, for how long that is
    /// known depends on what is kept.
    #[must_use]
    pub fn window_after(&self, before_ms: Option<i64>, settings: &Settings) -> Option<i64> {
        let hours_s = if self.message.referral { settings.referral_window_s } else { settings.service_window_s };
        let own = (self.message.direction == Direction::Inbound).then(|| self.message.at.0 + hours_s * 1000);
        before_ms.filter(|end_ms| *end_ms > self.message.at.0).max(own)
    }

    /// The id of the next conversation that this message founds.
    pub fn found_conversation(&mut self) -> Uuid {
        let Message { app, direction, id, .. } = &self.message;
        let kind = if self.message.is_echo() { "Echo".into() } else { format!("{direction:?}") };
        let name = format!("{}\n{}\n{kind}\n{}\n{}", app.tenant(), app.name(), &*id.reveal(), self.founded);
        self.founded += 1;
        name_based(&NAMESPACE, name.as_bytes())
    }
}

impl Conversation {
    /// Whether a message of it at this second is near enough to those of it that were forgotten.
    #[must_use]
    pub fn reaches(&self, at_s: i64, settings: &Settings) -> bool {
        let idle_s = settings.idle_timeout_s;
        self.gone_s.is_some_and(|gone_s| (self.first.at_s - idle_s..=gone_s + idle_s).contains(&at_s))
    }

    /// Takes a message in.
    fn extend(&mut self, key: &MessageKey) {
        self.last_s = self.last_s.max(key.at_s);
        if *key < self.first {
            self.first = key.clone();
        }
    }

    /// Takes another in: the earlier first message, the later of all else.
    pub fn take_in(&mut self, other: &Self) {
        if other.first < self.first {
            self.first = other.first.clone();
        }
        self.last_s = self.last_s.max(other.last_s);
        self.gone_s = self.gone_s.max(other.gone_s);
    }
}

/// Forgets a message if nothing that comes from now on can be tied to it. It stays as it was told.
pub fn forget(step: &mut Step, home: &Home, message: &MessageKey, now_ms: i64) {
    let key = Key::Message(home.clone(), message.clone());
    let Some(Row::Message(placed)) = step.state.get(&key) else { return };
    let Some(told) = placed.told.filter(|_| placed.deadline_ms(step.settings) < Some(now_ms)) else { return };
    let is_stray = placed.is_stray();
    step.state.remove(&key);
    let mut thread = step.state.thread(home, &message.app).cloned().expect("a message was told");
    thread.count_stray(is_stray, false);
    let conversation = thread.conversation_mut(told.conversation);
    conversation.gone_s = conversation.gone_s.max(Some(message.at_s));
    // The oldest are forgotten first, so the newest are there, and nothing need be looked for among those that are gone.
    let mut others = step.state.messages(home, &message.app, conversation.first.at_s, conversation.last_s).rev();
    let is_there = others.any(|other| other.is_in(told.conversation));
    drop(others);
    if !is_there {
        thread.remove(told.conversation);
    }
    step.state.put(Key::Thread(home.clone(), message.app.clone()), Row::Thread(thread));
}

/// Keeps what a message, whose person has this identity by now, says now, if that is news; a new one is for [`assign`] to keep. A later version of one that
/// is not here comes after it was forgotten: it stays as told.
pub fn replace(step: &mut Step, home: &Home, message: &Message, identity: Option<Uuid>) -> Replaced {
    let key = Key::Message(home.clone(), key_of(message));
    let Some(Row::Message(known)) = step.state.get(&key) else {
        if message.version > 1 {
            return Replaced::Stale;
        }
        return Replaced::New;
    };
    if known.message.version >= message.version {
        return Replaced::Stale;
    }
    let before = Placed::clone(known);
    let placed = Placed { message: message.clone(), ..before.clone() };
    let replaced = if is_settled(step, home, &before, &placed, identity) { Replaced::Stale } else { Replaced::Changed };
    step.state.put(key, Row::Message(placed.into()));
    replaced
}

/// Whether nothing follows from what a message says now: it was told, and is whose it was, and tied to what it was tied to. In a backlog that is the rule: a
/// status that came earlier changes its Kafka time.
fn is_settled(step: &mut Step, home: &Home, before: &Placed, now: &Placed, identity: Option<Uuid>) -> bool {
    let app = &now.message.app;
    let (Some(told), Some(thread)) = (before.told, step.state.thread(home, app)) else { return false };
    let who = |placed: &Placed| (placed.message.wa_id, placed.message.user.clone());
    let is_whose_it_was = who(before) == who(now) || identity == Some(thread.conversation(told.conversation).identity);
    let has_none = thread.strays == Some(0);
    if before.is_stray() != now.is_stray() {
        let mut thread = thread.clone();
        thread.count_stray(before.is_stray(), now.is_stray());
        step.state.put(Key::Thread(home.clone(), app.clone()), Row::Thread(thread));
    }
    is_whose_it_was && now.says_the_same(before) && has_same_ties(step, home, has_none, before, now)
}

/// Whether another Kafka time of a message ties it to the same messages as before.
fn has_same_ties(step: &Step, home: &Home, has_no_strays: bool, before: &Placed, now: &Placed) -> bool {
    let is_roomy = step.settings.retention_ms.unsigned_abs() >= 2 * STRAY_MS;
    if before.message.kafka_ms == now.message.kafka_ms || (has_no_strays && is_roomy && !now.is_stray()) {
        return true;
    }
    let (idle_s, at_s) = (step.settings.idle_timeout_s, now.message.at.seconds());
    let mut near = step.state.messages(home, &now.message.app, at_s - idle_s, at_s + idle_s);
    near.all(|other| other.key() == now.key() || before.is_tied(&other, step.settings) == now.is_tied(&other, step.settings))
}

/// Keeps a new message and gives it its conversation, once its person is known: that of the messages it is tied to, which become one, or
/// a new one.
pub fn assign(step: &mut Step, home: &Home, identity: Option<Uuid>, message: &Message) {
    let app = &message.app;
    let mut placed = Placed { message: message.clone(), told: None, window_ms: None, founded: 0 };
    let Some(identity) = identity else {
        return step.state.put(Key::Message(home.clone(), placed.key()), Row::Message(placed.into()));
    };
    let mut thread = step.state.thread(home, app).cloned().unwrap_or_default();
    let Past { tied, window_ms } = past(step, home, &thread, identity, &placed);
    placed.window_ms = placed.window_after(window_ms, step.settings);
    // Then no message of the person comes after it.
    let is_newest = thread.of(identity).all(|conversation| conversation.last_s < placed.message.at.seconds());
    let (conversation, is_new) = match tied.first() {
        Some(first) => (first.number, false),
        None => (thread.open(placed.found_conversation(), identity, placed.key()), true),
    };
    for absorbed in tied.iter().skip(1) {
        absorb(step, home, &mut thread, absorbed, conversation);
    }
    thread.conversation_mut(conversation).extend(&placed.key());
    thread.know(identity, message);
    thread.count_stray(false, placed.is_stray());
    placed.told = Some(Told { conversation, revision: 1 });
    publish(step, &thread, &placed, thread.conversation(conversation), Telling::Assigned { is_new });
    if !is_newest {
        extend_windows(step, home, &thread, identity, &placed);
    }
    step.state.put(Key::Message(home.clone(), placed.key()), Row::Message(placed.into()));
    step.state.put(Key::Thread(home.clone(), app.clone()), Row::Thread(thread));
}

/// How a message is told of.
#[derive(Clone, Copy)]
pub enum Telling<'a> {
    /// For the first time.
    Assigned {
        /// Whether its conversation began with it.
        is_new: bool,
    },
    /// Again, with where it was before.
    Moved {
        /// The conversation before.
        from: &'a Conversation,
    },
}

/// Tells where a message belongs.
pub fn publish(step: &mut Step, thread: &Thread, placed: &Placed, conversation: &Conversation, telling: Telling<'_>) {
    let told = placed.told.expect("only what was decided is told");
    let message = &placed.message;
    let known = thread.people.get(&conversation.identity).cloned().unwrap_or_default();
    let outbound = message.direction == Direction::Outbound;
    let fields = MessageFields {
        direction: message.direction,
        wa_id: message.wa_id,
        user: message.user.clone(),
        phone: if outbound { message.address.as_ref().and_then(Address::phone) } else { known.phone },
        customer_id: if outbound { message.customer_id.clone() } else { known.customer_id },
        message_id: (outbound && !message.is_echo()).then(|| message.id.clone()),
        whatsapp_message_id: message.whatsapp_id.clone(),
        kind: message.kind.clone(),
        at: message.at,
        is_new_conversation: matches!(telling, Telling::Assigned { is_new: true }),
        window_expires_at: placed.window_ms.map(Moment),
        revision: told.revision,
    };
    let (event_type, from) = match telling {
        Telling::Assigned { .. } => (ConversationEventType::Assigned(Box::new(fields)), None),
        Telling::Moved { from } => (ConversationEventType::Moved(Box::new(fields)), Some(from)),
    };
    let event = event(step, &message.app, conversation, event_type, from);
    step.publish(Output::Conversation(event));
}

/// Tells that a conversation is part of another.
pub fn publish_merged(step: &mut Step, app: &App, into: &Conversation, absorbed: &Conversation) {
    let event = event(step, app, into, ConversationEventType::Merged, Some(absorbed));
    step.publish(Output::Conversation(event));
}

/// Takes the messages of one app out of a circle, whole conversations together.
pub fn pack(step: &mut Step, home: &Home, app: &App) -> Vec<Bundle> {
    let thread = step.state.thread(home, app).cloned().unwrap_or_default();
    // Ids go first: what is told of them does not depend on numbers.
    let mut conversations: BTreeMap<Option<(Uuid, u32)>, Vec<Placed>> = BTreeMap::new();
    for placed in step.state.messages(home, app, i64::MIN, i64::MAX) {
        let conversation = thread.told_under(&placed).map(|conversation| (conversation.id, conversation.number));
        conversations.entry(conversation).or_default().push(placed.into_owned());
    }
    for placed in conversations.values().flatten() {
        step.state.remove(&Key::Message(home.clone(), placed.key()));
    }
    step.state.remove(&Key::Thread(home.clone(), app.clone()));
    let mut bundles = vec![Bundle { app: app.clone(), messages: Vec::new(), conversations: Vec::new(), people: thread.people.clone() }];
    for messages in conversations.into_values() {
        let last = bundles.last().expect("there is one");
        if !last.messages.is_empty() && last.messages.len() + messages.len() > BUNDLE_MESSAGES_MAX {
            bundles.push(Bundle { app: app.clone(), messages: Vec::new(), conversations: Vec::new(), people: FlatMap::new() });
        }
        let bundle = bundles.last_mut().expect("there is one");
        bundle.conversations.extend(thread.told_under(&messages[0]).cloned());
        bundle.messages.extend(messages);
    }
    bundles
}

/// Puts the messages of another circle into this one, to be told of by what is known here.
pub fn unpack(step: &mut Step, home: &Home, bundle: &Bundle) {
    let mut thread = step.state.thread(home, &bundle.app).cloned().unwrap_or_default();
    for (identity, known) in &bundle.people {
        thread.people.entry(*identity).or_default().take_in(known.clone());
    }
    let mut numbers = BTreeMap::new();
    for (conversation, number) in bundle.conversations.iter().zip(unused_numbers(thread.numbers())) {
        numbers.insert(conversation.number, number);
        thread.conversations.push(Conversation { number, ..conversation.clone() });
    }
    thread.conversations.sort_by_key(|conversation| conversation.number);
    for placed in &bundle.messages {
        let told = placed.told.map(|told| Told { conversation: numbers[&told.conversation], ..told });
        step.state.put(Key::Message(home.clone(), placed.key()), Row::Message(Placed { told, ..placed.clone() }.into()));
    }
    step.state.put(Key::Thread(home.clone(), bundle.app.clone()), Row::Thread(thread));
}

/// The numbers that conversations can have beside those that these have, the least first.
pub fn unused_numbers(used: BTreeSet<u32>) -> impl Iterator<Item = u32> {
    (0..).filter(move |number| !used.contains(number))
}

impl Default for Thread {
    fn default() -> Self {
        Self { conversations: Vec::new(), people: FlatMap::default(), strays: Some(0) }
    }
}

impl Thread {
    /// Notes that a message told of was a stray, or was none or not there, and now is, or is none or gone.
    pub fn count_stray(&mut self, was: bool, is: bool) {
        self.strays = self.strays.map(|strays| strays.saturating_sub(u32::from(was)) + u32::from(is));
    }

    /// The conversation that a message was told to be in.
    #[must_use]
    pub fn told_under(&self, placed: &Placed) -> Option<&Conversation> {
        placed.told.map(|told| self.conversation(told.conversation))
    }

    /// Notes how the business knows the person it sent to, which only a send record says.
    pub fn know(&mut self, identity: Uuid, message: &Message) {
        let Some(address) = &message.address else { return };
        let (phone, customer_id) = (address.phone(), message.customer_id.clone());
        let at_s = message.at.seconds();
        let known = Known { phone_s: phone.map(|_| at_s), customer_s: customer_id.as_ref().map(|_| at_s), phone, customer_id };
        if known != Known::default() {
            self.people.entry(identity).or_default().take_in(known);
        }
    }

    fn of(&self, identity: Uuid) -> impl Iterator<Item = &Conversation> {
        self.conversations.iter().filter(move |conversation| conversation.identity == identity)
    }

    fn numbers(&self) -> BTreeSet<u32> {
        self.conversations.iter().map(|conversation| conversation.number).collect()
    }

    fn conversation(&self, number: u32) -> &Conversation {
        &self.conversations[self.index(number).expect("a message has this number")]
    }

    fn conversation_mut(&mut self, number: u32) -> &mut Conversation {
        let index = self.index(number).expect("a message has this number");
        &mut self.conversations[index]
    }

    fn index(&self, number: u32) -> Result<usize, usize> {
        self.conversations.binary_search_by_key(&number, |conversation| conversation.number)
    }

    /// The number of the conversation that a message founds. A message that was forgotten and comes again founds the same.
    fn open(&mut self, id: Uuid, identity: Uuid, first: MessageKey) -> u32 {
        if let Some(known) = self.conversations.iter().find(|conversation| conversation.id == id) {
            return known.number;
        }
        let number = unused_numbers(self.numbers()).next().expect("there are more numbers than messages");
        let index = self.index(number).expect_err("it is unused");
        let last_s = first.at_s;
        self.conversations.insert(index, Conversation { number, id, identity, first, last_s, gone_s: None });
        number
    }

    fn remove(&mut self, number: u32) {
        self.conversations.retain(|conversation| conversation.number != number);
    }

    fn was_told_of(&self, identity: Uuid, placed: &Placed) -> bool {
        self.told_under(placed).is_some_and(|conversation| conversation.identity == identity)
    }
}

/// What came before a message says of it.
struct Past {
    /// The conversations that it is tied to, the one opened first in front.
    tied: Vec<Conversation>,
    /// The service window as of the person's message just before it, ms.
    window_ms: Option<i64>,
}

/// What came before a message of a person, and which conversations that go on after it it is tied to. Looks no further than it must.
fn past(step: &Step, home: &Home, thread: &Thread, identity: Uuid, placed: &Placed) -> Past {
    let Settings { idle_timeout_s: idle_s, referral_window_s, service_window_s, .. } = *step.settings;
    let at_s = placed.message.at.seconds();
    let near = |conversation: &&Conversation| conversation.first.at_s <= at_s + idle_s && conversation.last_s >= at_s - idle_s;
    let mut candidates: Vec<&Conversation> = thread.of(identity).filter(near).collect();
    // No message is later than the last of its conversation.
    let goes_on = candidates.iter().any(|candidate| candidate.last_s >= at_s);
    let mut tied: Vec<Conversation> = Vec::new();
    let mut tie = |other: &Placed, candidates: &mut Vec<&Conversation>| {
        let known = candidates.iter().position(|candidate| other.is_in(candidate.number));
        if let Some(index) = known.filter(|_| placed.is_tied(other, step.settings)) {
            tied.push(candidates.swap_remove(index).clone());
        }
    };
    let longest_s = referral_window_s.max(service_window_s);
    let (before, behind) = step.state.messages_around(home, &placed.key(), at_s - idle_s.max(longest_s), at_s + idle_s);
    let mut window_ms = None;
    for other in before.rev() {
        let ago_s = at_s - other.message.at.seconds();
        if window_ms.is_none() && ago_s <= longest_s && thread.was_told_of(identity, &other) {
            window_ms = Some(other.window_ms);
        }
        if ago_s <= idle_s {
            tie(&other, &mut candidates);
        }
        if (candidates.is_empty() || ago_s > idle_s) && (window_ms.is_some() || ago_s > longest_s) {
            break;
        }
    }
    if goes_on {
        for other in behind {
            if candidates.is_empty() {
                break;
            }
            tie(&other, &mut candidates);
        }
    }
    tied.sort_by(|one, other| (&one.first, one.id).cmp(&(&other.first, other.id)));
    Past { tied, window_ms: window_ms.flatten() }
}

/// A conversation is part of another from now on.
fn absorb(step: &mut Step, home: &Home, thread: &mut Thread, absorbed: &Conversation, into: u32) {
    let app = &absorbed.first.app;
    let members = step.state.messages(home, app, absorbed.first.at_s, absorbed.last_s);
    let members: Vec<Placed> = members.filter(|placed| placed.is_in(absorbed.number)).map(Cow::into_owned).collect();
    for mut placed in members {
        placed.told = placed.told.map(|told| Told { conversation: into, ..told });
        step.state.put(Key::Message(home.clone(), placed.key()), Row::Message(placed.into()));
    }
    thread.remove(absorbed.number);
    let winner = thread.conversation_mut(into);
    winner.take_in(absorbed);
    publish_merged(step, app, winner, absorbed);
}

/// A late message extends the window of those after it.
fn extend_windows(step: &mut Step, home: &Home, thread: &Thread, identity: Uuid, placed: &Placed) {
    let key = placed.key();
    let Some(window_ms) = placed.window_ms.filter(|window_ms| window_ms.div_euclid(1000) >= key.at_s) else { return };
    let (_, later) = step.state.messages_around(home, &key, key.at_s, window_ms.div_euclid(1000));
    let later = later.filter(|row| thread.was_told_of(identity, row));
    let extended: Vec<Placed> = later
        .take_while(|row| row.message.at.0 < window_ms && row.window_ms < Some(window_ms))
        .map(|row| Placed { window_ms: Some(window_ms), ..row.into_owned() })
        .collect();
    for row in extended {
        step.state.put(Key::Message(home.clone(), row.key()), Row::Message(row.into()));
    }
}

fn event(
    step: &Step,
    app: &App,
    conversation: &Conversation,
    event_type: ConversationEventType,
    from: Option<&Conversation>,
) -> ConversationEvent {
    ConversationEvent {
        event_type,
        cause: step.cause.clone(),
        app: app.clone(),
        conversation_id: conversation.id,
        identity_id: conversation.identity,
        opened_by: conversation.first.direction,
        opened_at: Moment(conversation.first.at_s * 1000),
        previous_conversation_id: from.map(|from| from.id),
        previous_identity_id: from.map(|from| from.identity),
    }
}

fn key_of(message: &Message) -> MessageKey {
    MessageKey {
        app: message.app.clone(),
        at_s: message.at.seconds(),
        direction: message.direction,
        id: message.id.clone(),
        echo: message.is_echo(),
    }
}

#[cfg(test)]
mod tests;
