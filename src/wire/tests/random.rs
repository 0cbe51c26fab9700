//! Random values of all that is encoded, from a seed.

use crate::domain::circle::{Circle, Derived, Founder};
use crate::domain::contact::{Contact, Sighted};
use crate::domain::entity::{
    Absorbed, Change, CircleEvent, Direction, Entity, Envelope, Event, Fact, Heard, Home, Message, Naming, Original, Owner, OwnerIs,
    Report, ReportKind, Sighting, Subject,
};
use crate::domain::event::{Cause, Context, Echo, Inbound, Mismatch, Send, SendError, Source};
use crate::domain::evidence::{Class, Evidence, Observation, ObservedIn};
use crate::domain::flat::{FlatMap, FlatSet};
use crate::domain::ids::{Address, App, Bsuid, MessageId, Moment, Number, User};
use crate::domain::join::{Copies, Join, MismatchCopies, Received, Sent};
use crate::domain::number;
use crate::domain::row::{AddressRow, Observed, OwnerTold, Proven, RowTold, Span, Wrote};
use crate::domain::state::{Key, MessageKey, Row};
use crate::domain::step::Settings;
use crate::domain::thread::{Bundle, Conversation, Known, Placed, Thread, Told};
use crate::domain::walk::Facts;
use crate::domain::wamid::Wamid;
use crate::wire::packed::{Control, Mark, Packed, Part, SourceTopic, Stamp};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;
use uuid::Uuid;

/// A source of random values.
pub type Random = ChaCha8Rng;

/// The source with this seed.
pub fn seeded(seed: u64) -> Random {
    Random::seed_from_u64(seed)
}

/// Overwrites a few bytes.
pub fn damage(random: &mut Random, bytes: &mut [u8]) {
    for _ in 0..random.random_range(1..4) {
        let index = random.random_range(0..bytes.len());
        bytes[index] = random.random();
    }
}

/// Something of which there are random values.
pub trait Any: Sized {
    /// One of them.
    fn any(random: &mut Random) -> Self;
}

/// Structs, each field at random; or what follows from them, after a semicolon.
macro_rules! structs {
    ($($type:ident { $($field:ident),+ $(; $derived:ident: $value:expr)? })+) => {$(
        impl Any for $type {
            fn any(random: &mut Random) -> Self {
                Self { $($field: Any::any(random),)+ $($derived: $value,)? }
            }
        }
    )+};
}

/// Enums, each variant as likely as the others.
macro_rules! enums {
    ($($type:ty { $($variant:ident $(($($part:ident),+))? $({$($field:ident),+})?),+ })+) => {$(
        impl Any for $type {
            fn any(random: &mut Random) -> Self {
                let makers: &[fn(&mut Random) -> Self] = &[$(
                    |_random| Self::$variant $(($({ let $part = Any::any(_random); $part }),+))? $({$($field: Any::any(_random)),+})?
                ),+];
                let index = random.random_range(0..makers.len());
                makers[index](random)
            }
        }
    )+};
}

structs! {
    User { scope, id }
    Cause { source, partition, offset, element, kafka_ms }
    Send { app, id, destination, customer_id, wa_id, at, kind }
    SendError { code, reason }
    Mismatch { app, id, wa_id, at }
    Inbound { app, id, wa_id, user, at, kind, context, referral }
    Context { gupshup_id, other_ids }
    Echo { app, id, wa_id, user, at, kind }
    Original { key, value, headers }
    Envelope { to, cause, hops, event }
    Report { heard, error, naming }
    Heard { report, wa_id, user, at_s }
    Observation { address, class, kind, wa_id, user, at, source }
    ObservedIn { app, message_id, whatsapp_id, sent_at, customer_id }
    Message { app, direction, id, at, kafka_ms, wa_id, user, address, customer_id, kind, whatsapp_id, referral, version }
    Sighting { wa_id, user, at, wrote, is_hearsay }
    Change { at_s, old, new, user }
    Owner { identity, user, others, since_s }
    OwnerIs { address, subject, owner, version, absorbed }
    Absorbed { founder, previous, current }
    Join { sent, heard, aliases, others, mismatches, inbound, echo, home, version, last_ms, timeout_ms }
    Copies { kafka_ms, candidate_ms, cause, candidate, error }
    MismatchCopies { kafka_ms, cause, original }
    Received { message, home }
    Contact { rows, inbound, sights, moves, watchers, subscribers, revisions, absorbed }
    Sighted { first_s, proper_s }
    AddressRow { observed, users, seen, moves, watching, owners, told, customer }
    Observed { exact, exact_kind, reply, mismatch, best }
    Span { first_s, last_s }
    Proven { kind, at, app, message_id, whatsapp_id, sent_at }
    OwnerTold { owner, version, absorbed }
    RowTold { wa_id, identity, evidence }
    Wrote { span, first_id, app }
    Circle { into, facts, watchers, identities, absorbed, generations, apps, version; derived: Derived::default() }
    Founder { subject, came_with }
    Facts { keys, sights, same, changes, renamed }
    Bundle { app, messages, conversations, people }
    Placed { message, told, window_ms, founded }
    Told { conversation, revision }
    Thread { conversations, people, strays }
    Conversation { number, id, identity, first, last_s, gone_s }
    Known { phone, customer_id, phone_s, customer_s }
    MessageKey { app, at_s, direction, id, echo }
    Packed { stamp, marks, control, events, part }
    Part { left, bytes }
    Stamp { topic, partition, offset, chunk, epoch }
    Mark { topic, partition, kafka_ms, hops }
    Control { webhooks, sends, webhooks_partitions, sends_partitions, repartition_partitions, settings, step_version }
    Settings { join_timeout_ms, idle_timeout_s, retention_ms, service_window_s, referral_window_s }
}

enums! {
    Source { Webhooks, Sends }
    SourceTopic { Webhooks, Sends, Repartition }
    Evidence { Reply, Inbound, Sent, Delivered, Read, SendResponse, Mismatch, NumberChange, UserId }
    Class { A, B, C, Nobody }
    ReportKind { Reply, Sent, Delivered, Read, Failed }
    Direction { Outbound, Inbound }
    Naming { Gupshup(others), Candidate, Forwarded }
    Address { Phone(number), User(user) }
    Subject { Number(number), User(user) }
    Home { Number { tenant, class }, User { tenant, user } }
    Entity { Message { app, id }, Home(home) }
    Event {
        Send(send), Report(report), Alias(id), Inbound(inbound), Echo(echo), Mismatch(mismatch, original), Observed(observation), Placed(message),
        Sighted(sighting), Moved(change), MovedFrom(address, change), Watch(subject, address), Subscribe(user, address),
        SeenWith(user, wa_id, at_s), Seen(address, user, wa_id, at_s), OwnerIs(said), Absorbed(absorbed), Circle(event)
    }
    CircleEvent { Fact(fact), Message(message), Watch(subject, address), Link(home), HandOver(circle), HandOverMessages(bundle) }
    Key { Join(app, id), Contact(home), Circle(home), Thread(home, app), Message(home, message) }
    Fact { Sight(number, user, at_s), Same(one, other), Change(change), Renamed(previous, current) }
}

/// A key and a row of its kind.
pub fn any_row(random: &mut Random) -> (Key, Row) {
    let key = Key::any(random);
    let row = match &key {
        Key::Join(..) => Row::Join(Any::any(random)),
        Key::Contact(_) => Row::Contact(Any::any(random)),
        Key::Circle(_) => Row::Circle(Any::any(random)),
        Key::Thread(..) => Row::Thread(Any::any(random)),
        Key::Message(..) => Row::Message(Any::any(random)),
    };
    (key, row)
}

/// With a copy at least.
impl Any for Sent {
    fn any(random: &mut Random) -> Self {
        let mut kafka_ms = FlatSet::any(random);
        kafka_ms.insert(Any::any(random));
        Self { send: Any::any(random), kafka_ms, cause: Any::any(random) }
    }
}

impl<T: Any> Any for Option<T> {
    fn any(random: &mut Random) -> Self {
        random.random_bool(0.6).then(|| T::any(random))
    }
}

impl<T: Any> Any for Box<T> {
    fn any(random: &mut Random) -> Self {
        Self::new(T::any(random))
    }
}

impl<A: Any, B: Any> Any for (A, B) {
    fn any(random: &mut Random) -> Self {
        (A::any(random), B::any(random))
    }
}

impl<T: Any> Any for Vec<T> {
    fn any(random: &mut Random) -> Self {
        (0..random.random_range(0..4)).map(|_| T::any(random)).collect()
    }
}

impl<T: Any + Ord> Any for FlatSet<T> {
    fn any(random: &mut Random) -> Self {
        Vec::any(random).into_iter().collect()
    }
}

impl<K: Any + Ord, V: Any> Any for FlatMap<K, V> {
    fn any(random: &mut Random) -> Self {
        Vec::<(K, V)>::any(random).into_iter().collect()
    }
}

impl Any for bool {
    fn any(random: &mut Random) -> Self {
        random.random()
    }
}

/// Integers, most of them of an ordinary size and some of them extreme.
macro_rules! integers {
    ($($type:ty: $ordinary:expr),+) => {$(
        impl Any for $type {
            fn any(random: &mut Random) -> Self {
                match random.random_range(0..10) {
                    0 => 0,
                    1 => Self::MAX,
                    2 => Self::MIN,
                    3 => random.random(),
                    _ => random.random_range($ordinary),
                }
            }
        }
    )+};
}
integers!(u32: 0..300, u64: 0..300, i32: 0..64, i64: 1_700_000_000_000..1_800_000_000_000);

impl Any for String {
    fn any(random: &mut Random) -> Self {
        let length = random.random_range(0..12);
        (0..length).map(|_| random.random_range('a'..='ÿ')).collect()
    }
}

/// One of a few, so that dictionaries have something to do.
impl Any for Arc<str> {
    fn any(random: &mut Random) -> Self {
        format!("text-{}", random.random_range(0..20)).into()
    }
}

impl Any for Arc<[u8]> {
    fn any(random: &mut Random) -> Self {
        let length = random.random_range(0..300);
        (0..length).map(|_| random.random::<u8>()).collect()
    }
}

impl Any for App {
    fn any(random: &mut Random) -> Self {
        let (name, scope) = (random.random_range(0..12), random.random_range(0..3));
        let name = format!("app-{name}");
        let scope = if scope == 0 { name.clone() } else { format!("portfolio-{scope}") };
        Self::new("acme", &name, &scope)
    }
}

impl Any for Number {
    fn any(random: &mut Random) -> Self {
        let spellings = [10_000, 5_535_987_654_321, 553_587_654_321, 999_999_999_999_999, random.random_range(10_000..1_000_000_000_000)];
        Self::from_value(spellings[random.random_range(0..spellings.len())]).expect("in range")
    }
}

impl Any for number::Class {
    fn any(random: &mut Random) -> Self {
        number::class(Any::any(random))
    }
}

impl Any for Bsuid {
    fn any(random: &mut Random) -> Self {
        Self::parse(&format!("BR.{}", random.random_range(0..100_u64))).expect("the form")
    }
}

impl Any for Moment {
    fn any(random: &mut Random) -> Self {
        Self(Any::any(random))
    }
}

/// One of a few, so that the same one comes twice in a row; a few of them longer than a one-byte length tells, or written as UUIDs are, or as
/// Meta's mostly are.
impl Any for MessageId {
    fn any(random: &mut Random) -> Self {
        if random.random_bool(0.3) {
            return Self::from_uuid(Uuid::from_u128(random.random_range(0..3_u128) << 100));
        }
        if random.random_bool(0.3) {
            let own = random.random::<[u8; 9]>();
            return Wamid::new(Any::any(random), 0x12, &own[..random.random_range(0..=9)]).map(Self::from_wamid).expect("short enough");
        }
        let width = [8, 40, 500][random.random_range(0..3)];
        Self::parse(&format!("wamid.{:0width$}", random.random_range(0..3_u8))).expect("short enough")
    }
}

impl Any for Uuid {
    fn any(random: &mut Random) -> Self {
        Self::from_u128(random.random())
    }
}
