//! The world against itself: its records parse, its truth is about them.

use super::truth::{Summary, Way};
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

/// A world where everything happens, and its apps.
fn world_of_all_kinds(seed: u64, people: u32) -> (World, Apps) {
    let world = World::new(Settings { visits: 3, ..Settings::of_all_kinds(seed, people, START_MS) });
    let apps = Apps::new(&world.listed_apps());
    (world, apps)
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

/// What kinds of elements there are, and how many of each.
fn kinds(world: &World, apps: &Apps) -> BTreeMap<String, u32> {
    let mut kinds: BTreeMap<String, u32> = BTreeMap::new();
    for input in world.inputs() {
        let kind = match element(&input, apps) {
            Element::Send(send) if send.wa_id.is_some() => "send with wa_id".to_owned(),
            Element::Send(_) => "send".to_owned(),
            Element::Status(Status { kind, .. }) => format!("{kind:?}"),
            Element::Mismatch(_) => "mismatch".to_owned(),
            Element::Inbound(inbound) if inbound.context.is_some() => "reply".to_owned(),
            Element::Inbound(_) => "inbound".to_owned(),
            Element::Echo(_) => "echo".to_owned(),
            Element::NumberChange(_) => "number change".to_owned(),
            Element::UserChange(change) => if change.previous.is_some() { "renamed" } else { "renamed, from unknown" }.to_owned(),
            Element::Ignored(name) => name.to_owned(),
            other @ Element::Rejected(_) => panic!("{other:?}"),
        };
        *kinds.entry(kind).or_default() += 1;
    }
    kinds
}

#[test]
fn every_record_can_be_used_and_kinds_are_as_in_life() {
    const ORDINARY: [&str; 10] =
        ["Delivered", "Enqueued", "Failed", "Read", "Sent", "billing-event", "inbound", "mismatch", "reply", "send"];
    let kinds_of_v2 = kinds(&world(4, 2000), &Apps::new(&[]));
    let names: Vec<&str> = kinds_of_v2.keys().map(String::as_str).collect();
    assert_eq!(names, ORDINARY);
    let (world, apps) = world_of_all_kinds(4, 2000);
    let kinds = kinds(&world, &apps);
    let others = ["echo", "number change", "renamed", "renamed, from unknown", "send with wa_id"];
    let (rare, names): (Vec<&str>, Vec<&str>) = kinds.keys().map(String::as_str).partition(|name| others.contains(name));
    assert_eq!((names.as_slice(), rare.as_slice()), (&ORDINARY[..], &others[..]));
    for kinds in [kinds_of_v2, kinds] {
        assert!(kinds["Read"] < kinds["Delivered"] && kinds["reply"] < kinds["inbound"] && kinds["Failed"] > 100, "{kinds:?}");
    }
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
    assert!(truth.would_be_two && truth.rows[0].differs == Some(true));
    assert!(*truth.messages[0].id == *send.id.reveal() && truth.messages[0].way == Way::Outbound && truth.messages[1].way == Way::Inbound);
}

#[test]
fn no_two_people_share_a_number() {
    let world = world(6, 50_000);
    let classes: HashSet<_> = (0..50_000).map(|index| class(super::number(world.person(index).numbers.wa_id))).collect();
    assert_eq!(classes.len(), 50_000);
}

/// Nor does anybody who gets another one get somebody's.
#[test]
fn a_new_number_is_nobodys() {
    let (world, _) = world_of_all_kinds(6, 20_000);
    let numbers = |index| [0, 2].map(|visit| class(super::number(world.person(index).numbers(visit).wa_id)));
    let classes: HashSet<_> = (0..20_000).flat_map(numbers).collect();
    let moved = (0..20_000).filter(|index| numbers(*index)[0] != numbers(*index)[1]).count();
    assert!(moved > 200);
    assert_eq!(classes.len(), 20_000 + moved);
}

/// Every message of the truth is in the records, and every send that is recorded is in the truth.
#[test]
fn the_truth_is_about_these_records() {
    for (world, apps) in [(world(7, 1000), Apps::new(&[])), world_of_all_kinds(7, 1000)] {
        let mut sends = HashSet::new();
        let mut told: BTreeMap<Way, HashSet<String>> = BTreeMap::new();
        for input in world.inputs() {
            let (way, id) = match element(&input, &apps) {
                Element::Send(send) => {
                    assert!(sends.insert(send.id.reveal().to_owned()), "a send is recorded once");
                    (Way::Outbound, send.id)
                }
                Element::Inbound(inbound) => (Way::Inbound, inbound.id),
                Element::Echo(echo) => (Way::Echo, echo.id),
                _ => continue,
            };
            told.entry(way).or_default().insert(id.reveal().to_owned());
        }
        for truth in world.truths() {
            for message in &truth.messages {
                sends.remove(&message.id);
                assert!(told.get_mut(&message.way).is_some_and(|ids| ids.remove(&message.id)), "{message:?}");
            }
            let unresolved: Vec<&String> = truth.failed.iter().chain(&truth.silent).collect();
            sends.retain(|id| !unresolved.contains(&id));
        }
        assert!(sends.is_empty() && told[&Way::Inbound].is_empty());
        assert!(told.get(&Way::Echo).is_none_or(HashSet::is_empty));
    }
}

/// Each trap is met by about one person in 30 to 100.
#[test]
fn what_the_product_is_about_is_common_enough() {
    let summary = Summary::of(world(8, 3000).truths());
    assert!((3010..3080).contains(&summary.people), "some numbers have a second owner: {summary:?}");
    assert!(summary.would_be_two > 900 && summary.would_be_two < 1500, "{summary:?}");
    assert!(summary.conversations > 2 * summary.people && summary.failed > 100 && summary.silent > 100 && summary.contradictions > 0);
    let Summary { moved, renamed, shown, recycled, of_two_tenants, echoes, .. } = Summary::of(world_of_all_kinds(8, 3000).0.truths());
    for rare in [moved, renamed, shown, recycled, of_two_tenants, echoes / 4] {
        assert!((25..150).contains(&rare), "{moved} {renamed} {shown} {recycled} {of_two_tenants} {echoes}");
    }
}
