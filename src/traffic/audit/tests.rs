//! An audit finds what is wrong, and nothing else.

use super::{Audit, Difference, Published};
use crate::traffic::truth::{Message, Row, Truth, Way, Whose};
use crate::traffic::{Settings, World};
use serde_json::{Value, json};
use uuid::Uuid;

/// A world of two tenants with a second owner of a number, so that identities and people are not the same.
fn world() -> World {
    World::new(Settings { visits: 3, ..Settings::of_all_kinds(1, 500, 1_776_000_000_000) })
}

/// What a processor that is right would publish: topic, payload, reason.
type Told = Vec<(Published, Value, Option<&'static str>)>;

fn id(kind: u128, person: u32, part: u32) -> Uuid {
    Uuid::from_u128(kind << 64 | u128::from(person) << 32 | u128::from(part))
}

fn identity(truth: &Truth, whose: Whose) -> Uuid {
    id(1, truth.person, u32::from(whose.owner) * 2 + u32::from(whose.tenant))
}

fn row(truth: &Truth, row: &Row) -> Value {
    let wa_id = row.wa_id.map(crate::domain::ids::Number::reveal);
    json!({"event_type": "RESOLVED", "tenant": row.tenant, "address": row.address, "wa_id": wa_id, "differs": row.differs,
        "identity_id": identity(truth, row.whose).to_string(), "previous_identity_id": null})
}

fn message(truth: &Truth, message: &Message) -> Value {
    let Message { id: message_id, way, visit, whose } = message;
    let (ids, direction) = match way {
        Way::Inbound => ((None, Some(message_id)), "INBOUND"),
        Way::Outbound => ((Some(message_id), None), "OUTBOUND"),
        Way::Echo => ((None, Some(message_id)), "OUTBOUND"),
    };
    json!({"event_type": "ASSIGNED", "conversation_id": id(2, truth.person, *visit).to_string(), "previous_conversation_id": null,
        "identity_id": identity(truth, *whose).to_string(), "direction": direction,
        "message_id": ids.0, "whatsapp_message_id": ids.1, "revision": 1})
}

fn told(world: &World) -> Told {
    let mut told = Told::new();
    for truth in world.truths() {
        told.extend(truth.rows.iter().map(|each| (Published::Identities, row(&truth, each), None)));
        told.extend(truth.messages.iter().map(|each| (Published::ConversationAssigned, message(&truth, each), None)));
        let failed = truth.failed.iter().map(|id| json!({"message_id": id, "reason": "FAILED"}));
        told.extend(failed.map(|failed| (Published::SendUnresolved, failed, None)));
        told.extend((0..truth.contradictions).map(|_| (Published::DeadLetter, json!({}), Some("INCONSISTENT_MISMATCH"))));
    }
    told
}

fn differences(world: &World, told: &Told) -> Vec<Difference> {
    let mut audit = Audit::default();
    for (published, payload, reason) in told {
        audit.take(*published, payload.to_string().as_bytes(), *reason);
    }
    audit.verdict(world).differences
}

type Damage = Box<dyn Fn(&mut Told)>;

/// The place of the first record for a topic.
fn first(told: &Told, published: Published) -> usize {
    told.iter().position(|(topic, ..)| *topic == published).expect("one")
}

#[test]
fn what_is_right_is_found_right() {
    let world = world();
    assert!(world.truths().any(|truth| truth.is_recycled()), "a number has two owners");
    assert!(world.truths().any(|truth| truth.is_of_two_tenants()), "a number is known to two tenants");
    assert_eq!(differences(&world, &told(&world)), []);
}

#[test]
fn what_is_wrong_is_found() {
    let world = world();
    let right = told(&world);
    let (a_row, a_message) = (first(&right, Published::Identities), first(&right, Published::ConversationAssigned));
    let a_failure = first(&right, Published::SendUnresolved);
    let other = |kind| json!(id(kind, 499, 0).to_string());
    let set = |place: usize, field: &'static str, value: Value| move |told: &mut Told| told[place].1[field] = value.clone();
    let rows: Vec<(Damage, Difference)> = vec![
        (Box::new(move |told| drop(told.remove(a_row))), Difference::RowMissing(0)),
        (Box::new(set(a_row, "wa_id", json!("5535987654321"))), Difference::WrongAnswer(0)),
        (Box::new(set(a_row, "differs", json!(false))), Difference::WrongAnswer(0)),
        (Box::new(set(a_row, "identity_id", other(1))), Difference::WrongRowIdentity(0)),
        (Box::new(move |told| drop(told.remove(a_message))), Difference::MessageMissing(0)),
        (Box::new(set(a_message, "identity_id", other(3))), Difference::WrongIdentity(0)),
        (Box::new(set(a_message, "identity_id", other(1))), Difference::WrongIdentity(499)),
        (Box::new(set(a_message, "conversation_id", other(3))), Difference::WrongConversation(0)),
        (Box::new(set(a_message, "conversation_id", other(2))), Difference::WrongConversation(499)),
        (Box::new(move |told| told.push(told[a_message].clone())), Difference::AssignedTwice),
        (Box::new(set(a_message, "message_id", json!("another"))), Difference::Invented("messages", 1)),
        (Box::new(set(a_row, "address", json!("5511999999999"))), Difference::Invented("rows", 1)),
        (Box::new(set(a_failure, "reason", json!("EXPIRED"))), Difference::Invented("expired sends", 1)),
        (Box::new(|told| told.push((Published::DeadLetter, json!({}), Some("NOT_JSON")))), Difference::WrongDeadLetters),
    ];
    for (damage, difference) in rows {
        let mut wrong = right.clone();
        damage(&mut wrong);
        assert!(differences(&world, &wrong).contains(&difference), "{difference:?}");
    }
}

/// A wrong answer that was taken back is none.
#[test]
fn merges_and_moves_are_followed() {
    let world = world();
    let mut told = told(&world);
    let a_row = first(&told, Published::Identities);
    let (from, into) = (id(4, 0, 0).to_string(), id(1, 0, 0).to_string());
    told[a_row].1["identity_id"] = json!(from);
    let merged = json!({"event_type": "MERGED", "tenant": "acme", "address": "5535987654321", "wa_id": null, "differs": false, "identity_id": into,
        "previous_identity_id": from});
    told.push((Published::IdentityResolved, merged, None));
    let a_message = first(&told, Published::ConversationAssigned);
    let mut moved = told[a_message].1.clone();
    told[a_message].1["conversation_id"] = json!(id(5, 0, 0).to_string());
    moved["event_type"] = json!("MOVED");
    moved["revision"] = json!(2);
    // Under both persons' keys, and the partitions of these may be read in any order.
    told.insert(0, (Published::ConversationAssigned, moved, None));
    assert_eq!(differences(&world, &told), []);
    let moved = told.remove(0);
    told.push(moved);
    assert_eq!(differences(&world, &told), []);
}
