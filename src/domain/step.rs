//! One event at one entity: the new state, what is published, what other entities are told. Pure.

use super::circle::CircleEntity;
use super::contact::ContactEntity;
use super::entity::{Entity, Envelope, Event, Home};
use super::event::{Cause, Source};
use super::message::MessageEntity;
use super::output::Output;
use super::state::{Key, State};
use super::thread;

/// The settings that decide what follows from events. They travel in the log, so that a replay uses those of its time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// How far apart the Kafka times of a send and its evidence may be, ms.
    pub join_timeout_ms: i64,
    /// How far apart two messages of one conversation may be, s of event time.
    pub idle_timeout_s: i64,
    /// How much later than that its messages may arrive, ms of Kafka time.
    pub retention_ms: i64,
    /// How long a business may answer freely after a person's message, s (Meta: 24 h).
    pub service_window_s: i64,
    /// The same after a click-to-WhatsApp ad, s (Meta: 72 h).
    pub referral_window_s: i64,
}

impl Settings {
    /// How far apart the Kafka times of two tied messages may be, ms.
    #[must_use]
    pub const fn tie_kafka_ms(&self) -> i64 {
        self.idle_timeout_s * 1000 + self.retention_ms
    }

    /// How long after its last record the row of a message id is kept, ms: what it was joined with, another name taught later, and a copy
    /// of a message whose conversation is still known all find it.
    #[must_use]
    pub fn join_kept_ms(&self) -> i64 {
        self.join_timeout_ms.saturating_mul(2).max(self.message_kept_ms())
    }

    /// How long after its Kafka time a message is kept, ms: as long as another may be tied to it, or be written in its service window.
    #[must_use]
    pub fn message_kept_ms(&self) -> i64 {
        self.tie_kafka_ms().max(self.service_window_s.max(self.referral_window_s) * 1000)
    }
}

impl Settings {
    /// Those of a configuration that says nothing.
    pub const USUAL: Self = Self {
        join_timeout_ms: 7 * 24 * 3_600_000,
        idle_timeout_s: 24 * 3600,
        retention_ms: 72 * 3_600_000,
        service_window_s: 24 * 3600,
        referral_window_s: 72 * 3600,
    };
}

/// An event being taken: the state it changes, and what follows from it.
pub struct Step<'a> {
    /// The rows of the task.
    pub state: &'a mut dyn State,
    /// The settings in force.
    pub settings: &'a Settings,
    /// The input record that the event follows from.
    pub cause: Cause,
    /// What other entities (or this one, later) are told.
    pub told: Vec<Envelope>,
    /// What is published.
    pub outputs: Vec<Output>,
    /// What is worth counting.
    pub counts: Counts,
    hops: u32,
}

/// What is worth counting.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Circles taken in.
    pub hand_overs: u64,
    /// Identities found to be another's.
    pub merges: u64,
    /// Messages told to belong elsewhere than before.
    pub moves: u64,
    /// Sends told to have expired.
    pub expired: u64,
    /// Statuses, replies and mismatch events whose send never came, once they are forgotten.
    pub unmatched: u64,
    /// Events straight from inputs that said nothing new, but perhaps another Kafka time.
    pub duplicates: u64,
    /// Statuses straight from inputs that only named again whom a stronger one had named: they are not kept.
    pub repeated: u64,
    /// The most facts that any circle had after an event that was news to it.
    pub circle_facts_max: u64,
    /// Circles that came to have more than [`LARGE`](super::circle::LARGE) facts.
    pub large_circles: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.hand_overs += other.hand_overs;
        self.merges += other.merges;
        self.moves += other.moves;
        self.expired += other.expired;
        self.unmatched += other.unmatched;
        self.duplicates += other.duplicates;
        self.repeated += other.repeated;
        self.circle_facts_max = self.circle_facts_max.max(other.circle_facts_max);
        self.large_circles += other.large_circles;
    }
}

impl<'a> Step<'a> {
    /// Takes one event.
    pub fn take(state: &'a mut dyn State, settings: &'a Settings, envelope: &Envelope) -> Self {
        let cause = envelope.cause.clone();
        let mut step =
            Self { state, settings, cause, told: Vec::new(), outputs: Vec::new(), counts: Counts::default(), hops: envelope.hops };
        match &envelope.to {
            Entity::Message { app, id } => step.message(&MessageEntity { app, id }, &envelope.event),
            Entity::Home(home) => step.home(home, &envelope.event),
        }
        step
    }

    /// Acts on stream time having passed the deadline of a row.
    pub fn on_time(state: &'a mut dyn State, settings: &'a Settings, key: &Key, now_ms: i64) -> Self {
        let cause = Cause { source: Source::Webhooks, partition: 0, offset: 0, element: 0, kafka_ms: now_ms };
        let mut step = Self { state, settings, cause, told: Vec::new(), outputs: Vec::new(), counts: Counts::default(), hops: 0 };
        match key {
            Key::Join(app, id) => MessageEntity { app, id }.on_time(&mut step, now_ms),
            Key::Message(home, message) => thread::forget(&mut step, home, message, now_ms),
            Key::Contact(_) | Key::Circle(_) | Key::Thread(..) => {}
        }
        step
    }

    /// Tells an entity something that follows from the event at hand.
    pub fn tell(&mut self, to: Entity, event: Event) {
        self.tell_of(self.cause.clone(), to, event);
    }

    /// Tells an entity something that follows from an earlier record.
    pub fn tell_of(&mut self, cause: Cause, to: Entity, event: Event) {
        self.told.push(Envelope { to, cause, hops: self.hops + 1, event });
    }

    /// Counts the event at hand as a duplicate, if it came straight from an input.
    pub const fn count_duplicate(&mut self) {
        if self.hops == 0 {
            self.counts.duplicates += 1;
        }
    }

    /// Counts the event at hand as a status that is not kept, if it came straight from an input.
    pub const fn count_repeated(&mut self) {
        if self.hops == 0 {
            self.counts.repeated += 1;
        }
    }

    /// Publishes a record.
    pub fn publish(&mut self, output: Output) {
        self.outputs.push(output);
    }

    fn message(&mut self, entity: &MessageEntity, event: &Event) {
        match event {
            Event::Send(send) => entity.on_send(self, send),
            Event::Report(report) => entity.on_report(self, report),
            Event::Alias(to) => entity.on_alias(self, to),
            Event::Inbound(inbound) => entity.on_inbound(self, inbound),
            Event::Echo(echo) => entity.on_echo(self, echo),
            Event::Mismatch(mismatch, original) => entity.on_mismatch(self, mismatch, original),
            Event::Observed(_)
            | Event::Placed(_)
            | Event::Sighted(_)
            | Event::Moved(_)
            | Event::MovedFrom(..)
            | Event::Watch(..)
            | Event::Subscribe(..)
            | Event::SeenWith(..)
            | Event::Seen(..)
            | Event::OwnerIs(_)
            | Event::Absorbed(_)
            | Event::Circle(_) => unreachable!("an event of homes was sent to a message"),
        }
    }

    fn home(&mut self, home: &Home, event: &Event) {
        let contact = ContactEntity { home };
        match event {
            Event::Observed(seen) => contact.on_observed(self, seen),
            Event::Placed(message) => contact.on_placed(self, message),
            Event::Sighted(seen) => contact.on_sighted(self, seen),
            Event::Moved(change) => contact.on_moved(self, change),
            Event::MovedFrom(address, change) => contact.on_moved_from(self, address, change),
            Event::Watch(subject, address) => contact.on_watch(self, subject, address),
            Event::Subscribe(_, address) => contact.on_subscribe(self, address),
            Event::SeenWith(user, wa_id, at_s) => contact.on_seen_with(self, user, *wa_id, *at_s),
            Event::Seen(address, user, wa_id, at_s) => contact.on_seen(self, address, user, *wa_id, *at_s),
            Event::OwnerIs(said) => contact.on_owner_is(self, said),
            Event::Absorbed(absorbed) => contact.on_absorbed(self, absorbed),
            Event::Circle(event) => CircleEntity { home }.on_event(self, event),
            Event::Send(_) | Event::Report(_) | Event::Alias(_) | Event::Inbound(_) | Event::Echo(_) | Event::Mismatch(..) => {
                unreachable!("an event of messages was sent to a home")
            }
        }
    }
}
