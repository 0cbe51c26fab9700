//! The world against itself: its records parse, its truth is about them.

use super::truth::Summary;
use super::{Input, Settings, VISIT_EVERY_MS, World};
use crate::domain::apps::Apps;
use crate::domain::event::{Element, Source, Status, StatusKind};
use crate::domain::ids::Number;
use crate::domain::number::class;
use crate::domain::parse;
use std::collections::{BTreeMap, HashSet};

const START_MS: i64 = 1_776_000_000_000;

fn world(seed: u64, people: u32) -> World {
    World::new(Settings { visits: 3, ..Settings::new(seed, people, START_MS) })
}

fn element(input: &Input, apps: &Apps) -> Element {
    let mut elements = match input.source {
        Source::Webhooks => parse::webhook(&input.value, input.kafka_ms, apps),
        Source::Sends => vec![parse::send(&input.value, input.kafka_ms, apps)],
    };
    assert_eq!(elements.len(), 1);
    elements.remove(0)
}

#[test]
fn a_seed_is_a_world() {
    let inputs = |seed| world(seed, 200).inputs().collect::<Vec<_>>();
    let once = inputs(1);
    assert_eq!(once, inputs(1));
    assert_ne!(once, inputs(2));
}

#[test]
fn records_come_in_the_order_of_their_kafka_timestamps() {
    let world = world(3, 300);
    let times: Vec<i64> = world.inputs().map(|input| input.kafka_ms).collect();
    assert!(times.is_sorted());
    assert!(times[0] >= START_MS && times[times.len() - 1] < START_MS + world.settings().span_ms());
    assert!(times[times.len() - 1] > START_MS + 2 * VISIT_EVERY_MS);
}

#[test]
fn every_record_can_be_used_and_kinds_are_as_in_life() {
    let apps = Apps::new(&[]);
    let mut kinds: BTreeMap<String, u32> = BTreeMap::new();
    for input in world(4, 2000).inputs() {
        let kind = match element(&input, &apps) {
            Element::Send(_) => "send".to_owned(),
            Element::Status(Status { kind, .. }) => format!("{kind:?}"),
            Element::Mismatch(_) => "mismatch".to_owned(),
            Element::Inbound(inbound) if inbound.context.is_some() => "reply".to_owned(),
            Element::Inbound(_) => "inbound".to_owned(),
            Element::Ignored(name) => name.to_owned(),
            other => panic!("{other:?}"),
        };
        *kinds.entry(kind).or_default() += 1;
    }
    let names: Vec<&str> = kinds.keys().map(String::as_str).collect();
    assert_eq!(names, ["Delivered", "Enqueued", "Failed", "Read", "Sent", "billing-event", "inbound", "mismatch", "reply", "send"]);
    assert!(kinds["Read"] < kinds["Delivered"] && kinds["reply"] < kinds["inbound"] && kinds["Failed"] > 100, "{kinds:?}");
}

/// The article's send, its SENT with the wa_id, and the reply from there.
#[test]
fn person_0_is_the_articles() {
    let apps = Apps::new(&[]);
    let world = world(5, 50);
    let elements: Vec<Element> = world.inputs().take(100).map(|input| element(&input, &apps)).collect();
    let send = elements.iter().find_map(|element| match element {
        Element::Send(send) if send.destination.reveal() == "5535987654321" => Some(send),
        _ => None,
    });
    let send = send.expect("the send");
    let sent = elements.iter().find_map(|element| match element {
        Element::Status(status) if status.kind == StatusKind::Sent && status.gupshup_id.as_ref() == Some(&send.id) => status.wa_id,
        _ => None,
    });
    let reply = elements.iter().find_map(|element| match element {
        Element::Inbound(inbound) => {
            inbound.wa_id.filter(|_| inbound.context.as_ref().is_some_and(|to| to.gupshup_id.as_ref() == Some(&send.id)))
        }
        _ => None,
    });
    assert_eq!((sent.map(Number::reveal).as_deref(), sent), (Some("553587654321"), reply));
    let truth = world.truth(0);
    assert!(truth.would_be_two && truth.rows[0].differs);
    assert!(truth.messages[0].id == send.id.reveal() && !truth.messages[0].is_inbound && truth.messages[1].is_inbound);
}

#[test]
fn no_two_people_share_a_number() {
    let world = world(6, 50_000);
    let classes: HashSet<_> = (0..50_000).map(|index| class(super::number(world.person(index).numbers.wa_id))).collect();
    assert_eq!(classes.len(), 50_000);
}

/// Every message of the truth is in the records, and every send that is recorded is in the truth.
#[test]
fn the_truth_is_about_these_records() {
    let (apps, world) = (Apps::new(&[]), world(7, 1000));
    let (mut sends, mut inbounds) = (HashSet::new(), HashSet::new());
    for input in world.inputs() {
        match element(&input, &apps) {
            Element::Send(send) => assert!(sends.insert(send.id.reveal().to_owned()), "a send is recorded once"),
            Element::Inbound(inbound) => drop(inbounds.insert(inbound.id.reveal().to_owned())),
            _ => {}
        }
    }
    for truth in world.truths() {
        for message in &truth.messages {
            assert!(if message.is_inbound { inbounds.remove(&message.id) } else { sends.remove(&message.id) });
        }
        assert!(truth.failed.iter().chain(&truth.silent).all(|id| sends.remove(id)));
    }
    assert!(sends.is_empty() && inbounds.is_empty());
}

#[test]
fn what_the_product_is_about_is_common_enough() {
    let summary = Summary::of(world(8, 3000).truths());
    assert!((3000..3050).contains(&summary.people), "some numbers have a second owner: {summary:?}");
    assert!(summary.would_be_two > 900 && summary.would_be_two < 1500, "{summary:?}");
    assert!(summary.conversations > 2 * summary.people && summary.failed > 100 && summary.silent > 100 && summary.contradictions > 0);
}
