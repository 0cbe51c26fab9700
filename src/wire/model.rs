//! The fields of the domain's types, by the numbers of `proto/waid/internal/v1/model.proto`.

use super::codec::{
    DecodeError, Field, Message, Ms, Reader, Value, Wire, Writer, enumeration, known_app, known_text, message, one_of, one_of_message,
    put_value,
};
use super::key::id;
use crate::domain::circle::{Circle, Derived, Founder};
use crate::domain::contact::{Contact, Sighted};
use crate::domain::entity::{
    Absorbed, Change, CircleEvent, Direction, Event, Fact, Heard, Home, Message as Placing, Naming, Original, Owner, OwnerIs, Report,
    ReportKind, Sighting, Subject,
};
use crate::domain::event::{Cause, Context, Echo, Inbound, Mismatch, Send, SendError, Source};
use crate::domain::evidence::{Class, Evidence, Observation, ObservedIn};
use crate::domain::ids::{Address, App, Bsuid, MessageId, Moment, Number, User};
use crate::domain::join::{Copies, Join, MismatchCopies, Received, Sent};
use crate::domain::number;
use crate::domain::row::{AddressRow, Observed, OwnerTold, Proven, RowTold, Span, Wrote};
use crate::domain::state::MessageKey;
use crate::domain::thread::{Bundle, Conversation, Known, Placed, Thread, Told};
use crate::domain::walk::Facts;
use crate::domain::wamid::Wamid;
use std::sync::Arc;
use uuid::Uuid;

enumeration! {
    Evidence { 1 Reply, 2 Inbound, 3 Sent, 4 Delivered, 5 Read, 6 SendResponse, 7 Mismatch, 8 NumberChange, 9 UserId }
    Class { 1 A, 2 B, 3 C, 4 Nobody }
    ReportKind { 1 Reply, 2 Sent, 3 Delivered, 4 Read, 5 Failed }
    Direction { 1 Outbound, 2 Inbound }
    Source { 1 Webhooks, 2 Sends }
}

// What records say.
message! {
    Cause { 1 source, 2 partition, 3 offset, 4 element, 5 kafka_ms as Ms }
    Send { 1 app, 2 id, 3 destination, 4 customer_id, 5 wa_id, 6 at, 7 kind }
    SendError { 1 code, 2 reason }
    Mismatch { 1 app, 2 id, 3 wa_id, 4 at }
    Inbound { 1 app, 2 id, 3 wa_id, 4 user, 5 at, 6 kind, 7 context, 8 referral }
    Context { 1 gupshup_id, 2 other_ids }
    Echo { 1 app, 2 id, 3 wa_id, 4 user, 5 at, 6 kind }
    Original { 1 key, 2 value, 3 headers }
}

// What entities tell each other.
message! {
    Report { 1 heard, 2 error, 3 naming }
    Heard { 1 report, 2 wa_id, 3 user, 4 at_s as Seconds }
    Observation { 1 address, 2 class, 3 kind, 4 wa_id, 5 user, 6 at, 7 source }
    ObservedIn { 1 app, 2 message_id, 3 whatsapp_id, 4 sent_at, 5 customer_id }
    Placing {
        1 app, 2 direction, 3 id, 4 kafka_ms as Ms, 5 at, 6 wa_id, 7 user, 8 address, 9 customer_id, 10 kind, 11 whatsapp_id, 12 referral,
        13 version
    }
    Sighting { 1 wa_id, 2 user, 3 at, 4 wrote, 5 is_hearsay }
    Change { 1 at_s as Seconds, 2 old, 3 new, 4 user }
    Owner { 1 identity, 2 user, 3 others, 4 since_s as Seconds }
    OwnerIs { 1 address, 2 subject, 3 owner, 4 version, 5 absorbed }
    Absorbed { 1 founder, 2 previous, 3 current }
}
one_of! {
    Address { 1 Phone, 2 User }
    Subject { 1 Number, 2 User }
    Event {
        9 Send, 10 Report, 11 Inbound, 12 Placed, 13 Observed, 14 Sighted, 15 Circle, 16 Alias, 17 Moved, 18 OwnerIs, 19 Absorbed,
        26 Echo;
        20 Mismatch(1 mismatch, 2 original), 21 MovedFrom(1 address, 2 change), 22 Watch(1 subject, 2 address),
        23 Subscribe(1 user, 2 address), 24 SeenWith(1 user, 2 wa_id, 3 at_s), 25 Seen(1 address, 2 user, 3 wa_id, 4 at_s)
    }
    CircleEvent { 1 Message, 2 Fact, 3 Link, 4 HandOver, 5 HandOverMessages; 6 Watch(1 subject, 2 address) }
    Fact { 1 Change; 2 Sight(1 wa_id, 2 user, 3 at_s), 3 Same(1 one, 2 other), 4 Renamed(1 previous, 2 current) }
}
one_of_message!(Address, Subject, CircleEvent, Fact);

// What entities keep.
message! {
    Join { 1 sent, 2 heard, 3 aliases, 4 others, 5 mismatches, 6 inbound, 7 home, 8 version, 9 last_ms as Ms, 10 echo, 11 timeout_ms }
    Sent { 1 send, 2 kafka_ms as Ms, 3 cause }
    Copies { 1 kafka_ms as Ms, 2 candidate_ms as Ms, 3 cause, 4 error, 5 candidate }
    MismatchCopies { 1 kafka_ms as Ms, 2 cause, 3 original }
    Received { 1 message, 2 home }
    Contact { 1 rows, 2 inbound, 3 sights, 4 moves, 5 watchers, 6 subscribers, 7 revisions, 8 absorbed }
    Sighted { 1 first_s as Seconds, 2 proper_s as Seconds }
    AddressRow { 1 observed, 2 users, 3 seen, 4 moves, 5 watching, 6 owners, 7 told, 8 customer }
    Observed { 1 exact, 2 reply, 3 mismatch, 4 best, 5 exact_kind }
    Span { 1 first_s as Seconds, 2 last_s as Seconds }
    Proven { 1 kind, 2 at, 3 app, 4 message_id, 5 whatsapp_id, 6 sent_at }
    OwnerTold { 1 owner, 2 version, 3 absorbed }
    RowTold { 1 wa_id, 2 identity, 3 evidence }
    Wrote { 1 span, 2 first_id, 3 app }
    Circle { 1 into, 2 facts, 3 watchers, 4 identities, 5 absorbed, 6 generations, 7 apps, 8 version; derived: Derived::default() }
    Founder { 1 subject, 2 came_with }
    Facts { 1 keys, 2 sights, 3 same, 4 changes, 5 renamed }
    Bundle { 1 app, 2 messages, 3 people, 4 conversations }
    Placed { 1 message, 2 told, 3 window_ms as Ms, 4 founded }
    Told { 1 conversation, 2 revision }
    Thread { 1 conversations, 2 people, 3 strays }
    Conversation { 1 number, 2 id, 3 identity, 4 first, 5 last_s as Seconds, 6 gone_s as Seconds }
    Known { 1 phone, 2 customer_id, 3 phone_s as Seconds, 4 customer_s as Seconds }
    MessageKey { 1 app, 2 at_s as Seconds, 3 direction, 4 id, 5 echo }
}

/// A text of the dictionary, by index.
struct Name(Arc<str>);

impl Value for Name {
    const WIRE: Wire = Wire::Varint;

    fn write(&self, out: &mut Writer) {
        let index = out.names.texts.index(&self.0);
        out.varint(index.into());
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.varint().and_then(|index| input.named(index)).map(Self)
    }

    fn put_field(&self, number: u32, out: &mut Writer) {
        let index = out.names.texts.index(&self.0);
        out.uint(number, index.into());
    }

    fn absent(input: &Reader<'_>) -> Option<Self> {
        input.named(0).ok().map(Self)
    }
}

/// An app of the dictionary, by index.
impl Value for App {
    const WIRE: Wire = Wire::Varint;

    fn write(&self, out: &mut Writer) {
        let index = out.names.apps.index(self);
        out.varint(index.into());
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.varint().and_then(|index| input.app(index))
    }

    fn put_field(&self, number: u32, out: &mut Writer) {
        let index = out.names.apps.index(self);
        out.uint(number, index.into());
    }

    fn absent(input: &Reader<'_>) -> Option<Self> {
        input.app(0).ok()
    }
}

/// An app with all its names, as the dictionary has it.
#[derive(Clone, PartialEq, Debug)]
pub struct NamedApp(pub App);

impl Message for NamedApp {
    fn put_fields(&self, out: &mut Writer) {
        self.0.tenant().put(1, out);
        self.0.name().put(2, out);
        (self.0.scope() != self.0.name()).then(|| self.0.scope().clone()).put(3, out);
    }

    fn take_fields(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (mut tenant, mut name, mut scope) = ("", "", None);
        while let Some((number, wire)) = input.tag()? {
            match (number, wire) {
                (1, Wire::Length) => tenant = input.text()?,
                (2, Wire::Length) => name = input.text()?,
                (3, Wire::Length) => scope = Some(input.text()?),
                (1..=3, Wire::Varint) => return Err(DecodeError::FieldType(number)),
                _ => return Err(DecodeError::UnknownField(number)),
            }
        }
        Ok(Self(known_app(tenant, name, scope.unwrap_or(name))))
    }
}

/// A tenant or scope, as the dictionary has it.
pub struct NamedText(pub Arc<str>);

impl Value for NamedText {
    fn write(&self, out: &mut Writer) {
        self.0.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.text().map(known_text).map(Self)
    }
}

impl Value for Number {
    const WIRE: Wire = Wire::Varint;

    fn write(&self, out: &mut Writer) {
        let code = out.recent.code_of(self.value());
        out.varint(code);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let code = input.varint()?;
        Self::from_value(input.recent.number_of(code)).ok_or(DecodeError::Value("Number"))
    }
}

/// Mostly that of the number before.
impl Value for number::Class {
    const WIRE: Wire = Wire::Varint;

    fn write(&self, out: &mut Writer) {
        let code = if out.recent.class() == Some(*self) { CLASS_OF_NUMBER } else { out.recent.code_of(self.value()) };
        out.varint(code);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let class = match input.varint()? {
            CLASS_OF_NUMBER => input.recent.class(),
            code => Self::from_value(input.recent.number_of(code)),
        };
        class.ok_or(DecodeError::Value("Class"))
    }
}

/// What the class of the number before is written as: no number is so small.
const CLASS_OF_NUMBER: u64 = 2;

impl Value for Moment {
    const WIRE: Wire = Wire::Varint;

    fn write(&self, out: &mut Writer) {
        Ms(self.0).write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ms::read(input).map(|Ms(at_ms)| Self(at_ms))
    }
}

/// No bytes stand for the id before: a message's two ids are often one, and an event often repeats the id that it is told to.
impl Value for MessageId {
    fn write(&self, out: &mut Writer) {
        if out.recent.id.as_ref() == Some(self) {
            return out.slice(&[]);
        }
        out.nested(|out| match self.wamid() {
            Some(wamid) => put_wamid(wamid, out),
            None => id::put(self, &mut out.bytes),
        });
        out.recent.id = Some(self.clone());
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let id = input.nested(|input| match input.rest.split_first() {
            None => input.recent.id.clone().ok_or(DecodeError::Missing("the id before")),
            Some((&id::WAMID, rest)) => {
                input.rest = rest;
                take_wamid(input)
            }
            Some(_) => id::take(input.rest),
        })?;
        input.recent.id = Some(id.clone());
        Ok(id)
    }
}

/// As [`id::put`] does, but the number relative to those before.
fn put_wamid(wamid: &Wamid, out: &mut Writer) {
    out.bytes.extend_from_slice(&[id::WAMID, wamid.side]);
    wamid.number.write(out);
    out.bytes.extend_from_slice(wamid.own());
}

fn take_wamid(input: &mut Reader<'_>) -> Result<MessageId, DecodeError> {
    let (side, rest) = input.rest.split_first().ok_or(DecodeError::Truncated)?;
    input.rest = rest;
    let number = Number::read(input)?;
    let wamid = Wamid::new(number, *side, input.rest);
    wamid.map(MessageId::from_wamid).ok_or(DecodeError::Value("MessageId"))
}

impl Value for Bsuid {
    fn write(&self, out: &mut Writer) {
        out.slice(self.reveal().as_bytes());
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Self::parse(input.text()?).ok_or(DecodeError::Value("Bsuid"))
    }
}

impl Value for Uuid {
    fn write(&self, out: &mut Writer) {
        out.slice(self.as_bytes());
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Self::from_slice(input.slice()?).map_err(|_| DecodeError::Value("Uuid"))
    }
}

/// No fields stand for the BSUID before: a row, or an event, is mostly about one person.
impl Message for User {
    fn put_fields(&self, out: &mut Writer) {
        if out.recent.user.as_ref() == Some(self) {
            return;
        }
        Name(self.scope.clone()).put(1, out);
        self.id.put(2, out);
        out.recent.user = Some(self.clone());
    }

    fn take_fields(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if input.rest.is_empty() {
            return input.recent.user.clone().ok_or(DecodeError::Missing("the BSUID before"));
        }
        let (Name(scope), id) = <(Name, Bsuid)>::take_fields(input)?;
        let user = Self { scope, id };
        input.recent.user = Some(user.clone());
        Ok(user)
    }
}

impl Message for Home {
    fn put_fields(&self, out: &mut Writer) {
        match self {
            Self::Number { tenant, class } => {
                Name(tenant.clone()).put(1, out);
                put_value(class, 2, out);
            }
            Self::User { tenant, user } => {
                Name(tenant.clone()).put(1, out);
                put_value(user, 3, out);
            }
        }
    }

    fn take_fields(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (mut tenant, mut class, mut user) = (None, None, None);
        while let Some((number, wire)) = input.tag()? {
            match number {
                1 => Name::take(&mut tenant, number, wire, input)?,
                2 => number::Class::take(&mut class, number, wire, input)?,
                3 => User::take(&mut user, number, wire, input)?,
                _ => return Err(DecodeError::UnknownField(number)),
            }
        }
        let Name(tenant) = Name::close(tenant, "Home.tenant", input)?;
        match (class, user) {
            (Some(class), None) => Ok(Self::Number { tenant, class }),
            (None, Some(user)) => Ok(Self::User { tenant, user }),
            (None, None) => Err(DecodeError::Missing("Home.key")),
            (Some(_), Some(_)) => Err(DecodeError::Value("Home.key")),
        }
    }
}

impl Message for Naming {
    fn put_fields(&self, out: &mut Writer) {
        match self {
            Self::Gupshup(others) => others.put(1, out),
            Self::Candidate => put_value(&1_u32, 2, out),
            Self::Forwarded => put_value(&2_u32, 2, out),
        }
    }

    fn take_fields(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (others, by): (Vec<MessageId>, u32) = <_>::take_fields(input)?;
        match by {
            0 => Ok(Self::Gupshup(others)),
            1 => Ok(Self::Candidate),
            2 => Ok(Self::Forwarded),
            _ => Err(DecodeError::Value("Naming.by")),
        }
    }
}
