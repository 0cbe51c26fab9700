//! An event in its packed record. The record that caused it is mostly that of the event before, or one close to it.

use crate::domain::entity::{Entity, Envelope, Event, Home};
use crate::domain::event::{Cause, Source};
use crate::domain::ids::{App, MessageId};
use crate::wire::codec::{DecodeError, Field, OneOf, Reader, Recent, Wire, Writer, put_value, take_value, unzigzag, zigzag};

/// What the first event of a record says the difference to.
pub const NO_CAUSE: Cause = Cause { source: Source::Webhooks, partition: 0, offset: 0, element: 0, kafka_ms: 0 };

/// Writes an event, with what its cause differs in from that of the event before.
pub fn put(envelope: &Envelope, before: &Cause, out: &mut Writer) {
    let cause = &envelope.cause;
    out.recent = Recent { at_ms: cause.kafka_ms, ..Recent::default() };
    (cause.source != before.source).then_some(cause.source).put(1, out);
    (cause.partition != before.partition).then_some(cause.partition).put(2, out);
    out.uint(3, zigzag(cause.offset.wrapping_sub(before.offset)));
    out.uint(4, zigzag(cause.kafka_ms.wrapping_sub(before.kafka_ms)));
    cause.element.put(5, out);
    envelope.hops.put(6, out);
    match &envelope.to {
        Entity::Message { app, id } => {
            out.tag(7, Wire::Length);
            out.nested(|out| {
                app.put(1, out);
                id.put(2, out);
            });
        }
        Entity::Home(home) => put_value(home, 8, out),
    }
    envelope.event.put_one(out);
}

/// Reads an event, and makes its cause the one before.
pub fn take(input: &mut Reader<'_>, before: &mut Cause) -> Result<Envelope, DecodeError> {
    let (mut to, mut event, mut hops) = (None, None, 0);
    input.recent = Recent { at_ms: before.kafka_ms, ..Recent::default() };
    before.element = 0;
    while let Some((number, wire)) = input.tag()? {
        match number {
            1 => before.source = take_value(number, wire, input)?,
            2 => before.partition = take_value(number, wire, input)?,
            3 => before.offset = before.offset.wrapping_add(unzigzag(take_value(number, wire, input)?)),
            4 => {
                before.kafka_ms = before.kafka_ms.wrapping_add(unzigzag(take_value(number, wire, input)?));
                input.recent.at_ms = before.kafka_ms;
            }
            5 => before.element = take_value(number, wire, input)?,
            6 => hops = take_value(number, wire, input)?,
            7 => {
                let (app, id): (App, MessageId) = take_value(number, wire, input)?;
                to = Some(Entity::Message { app, id });
            }
            8 => to = Some(Entity::Home(take_value::<Home>(number, wire, input)?)),
            _ => Event::take_one(&mut event, number, wire, input)?,
        }
    }
    let to = to.ok_or(DecodeError::Missing("Envelope.to"))?;
    let event = event.ok_or(DecodeError::Missing("Envelope.event"))?;
    Ok(Envelope { to, cause: before.clone(), hops, event })
}
