//! What is left out never matters: copies between others, and statuses that name a person again.

use super::*;
use crate::domain::ids::{Address, Bsuid};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn sent(kafka_ms: FlatSet<i64>) -> Sent {
    let phone = Number::from_digits("5535987654321").expect("a number");
    let send = Send {
        app: App::new("default", "app", "app"),
        id: MessageId::parse("m").expect("an id"),
        destination: Address::Phone(phone),
        customer_id: None,
        wa_id: None,
        at: Moment(0),
        kind: None,
    };
    Sent { send, kafka_ms, cause: None }
}

#[test]
fn few_copies_pair_as_all_of_them_do() {
    const TIMEOUT_MS: i64 = 10;
    let mut left_out = 0;
    for seed in 0..3_000 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let copies = |random: &mut ChaCha8Rng| {
            let (mut all, mut few) = (FlatSet::new(), FlatSet::new());
            for _ in 0..random.random_range(1..15) {
                let kafka_ms = random.random_range(0..60);
                let (latest, before) = (few.last().copied(), few.clone());
                let noted = note_copy(&mut few, kafka_ms, TIMEOUT_MS);
                all.insert(kafka_ms);
                assert_eq!(noted, few != before, "it says whether anything changed");
                assert!(few.last() >= latest.as_ref(), "the latest copy is never left out");
                assert_eq!((few.first(), few.last()), (all.first(), all.last()));
            }
            (all, few)
        };
        let ((all, few), (other_all, other_few)) = (copies(&mut random), copies(&mut random));
        left_out += all.len() - few.len();
        let expected = sent(all).together_ms(&other_all, TIMEOUT_MS);
        assert_eq!(sent(few.clone()).together_ms(&other_few, TIMEOUT_MS), expected, "seed {seed}");
        assert!(few.len() <= 2 * 60 / 10 + 2, "seed {seed}: {few:?}");
    }
    assert!(left_out > 1_000);
}

const TIMEOUT_MS: i64 = 10;

/// Anything that may be heard, of a few people and at a few times.
fn any_heard(random: &mut ChaCha8Rng) -> (Heard, i64) {
    let numbers = ["5535987654321", "553587654321", "14155550123"].map(|digits| Number::from_digits(digits).expect("a number"));
    let users = ["BR.1234567890", "BR.9876543210"].map(|id| User { scope: "app".into(), id: Bsuid::parse(id).expect("a BSUID") });
    let kinds = [ReportKind::Reply, ReportKind::Sent, ReportKind::Delivered, ReportKind::Read, ReportKind::Failed];
    let report = kinds[random.random_range(0..kinds.len())];
    let at_s = (report == ReportKind::Reply).then(|| random.random_range(0..3));
    let (wa_id, user) = (numbers[random.random_range(0..numbers.len())], users[random.random_range(0..users.len())].clone());
    let heard = Heard {
        report,
        wa_id: Some(wa_id).filter(|_| random.random_bool(0.8)),
        user: Some(user).filter(|_| random.random_bool(0.8)),
        at_s,
    };
    (heard, random.random_range(0..25))
}

fn hear(join: &mut Join, (heard, kafka_ms): &(Heard, i64)) {
    let fresh = Copies { kafka_ms: [].into(), candidate_ms: [].into(), cause: None, candidate: None, error: None };
    note_copy(&mut join.heard.entry(heard.clone()).or_insert(fresh).kafka_ms, *kafka_ms, TIMEOUT_MS);
}

/// All that is told of a row, with joins limited to `timeout_ms`.
fn told(join: &Join, timeout_ms: i64) -> impl PartialEq + std::fmt::Debug + use<> {
    let (verdict, sent) = (join.verdict(timeout_ms), join.sent.as_ref().expect("it was sent"));
    let shown: Vec<_> =
        sent.shown(&verdict).iter().map(|((kind, wa_id, user, at_s), shown)| (*kind, *wa_id, user.cloned(), *at_s, *shown)).collect();
    let belongs = join.belongs(&verdict).map(|(wa_id, user, kafka_ms)| (wa_id, user.cloned(), kafka_ms));
    (shown, belongs, verdict.sights(0), join.linked(&verdict), verdict.refused, verdict.failed)
}

#[test]
fn a_status_that_names_a_person_again_changes_nothing_whatever_else_comes() {
    let (mut again, mut others) = (0, 0);
    for seed in 0..100_000 {
        let random = &mut ChaCha8Rng::seed_from_u64(seed);
        let mut without = Join { sent: Some(sent([random.random_range(0..15)].into())), ..Join::default() };
        for _ in 0..random.random_range(0..6) {
            hear(&mut without, &any_heard(random));
        }
        let (mut heard, kafka_ms) = any_heard(random);
        if let Some((known, _)) = without.heard.iter().next().filter(|_| random.random_bool(0.7)) {
            heard = Heard { report: heard.report, at_s: heard.at_s, ..known.clone() };
        }
        if without.heard.contains_key(&heard) || !without.says_again(&heard, kafka_ms, TIMEOUT_MS) {
            others += 1;
            continue;
        }
        again += 1;
        let mut with = without.clone();
        hear(&mut with, &(heard, kafka_ms));
        for timeout_ms in 0..=TIMEOUT_MS {
            assert_eq!(told(&with, timeout_ms), told(&without, timeout_ms), "seed {seed}: within {timeout_ms} ms");
        }
        for _ in 0..random.random_range(0..4) {
            let (more, copy_ms) = (any_heard(random), random.random_range(0..25));
            for join in [&mut with, &mut without] {
                match &mut join.sent {
                    Some(sent) if copy_ms % 4 == 0 => drop(note_copy(&mut sent.kafka_ms, copy_ms, TIMEOUT_MS)),
                    _ => hear(join, &more),
                }
            }
            assert_eq!(told(&with, TIMEOUT_MS), told(&without, TIMEOUT_MS), "seed {seed}");
        }
    }
    assert!(again > 500 && others > 500, "{again} {others}");
}

#[test]
fn metas_own_id_of_a_message_goes_before_one_that_gupshup_gave() {
    let id = |text: &str| MessageId::parse(text).expect("an id");
    let (sent, uuid, wamid) =
        (id("0a58e0ce-6f0e-4a2e-9c53-0d6f6b9d7f10"), id("cc3651a4-493b-4a38-b867-c547af202259"), id("wamid.HBgMNTUzNTg3NjU0MzIx"));
    let known = |others: &[&MessageId]| Join { others: others.iter().copied().cloned().collect(), ..Join::default() }.whatsapp_id(&sent);
    assert_eq!((known(&[]), known(&[&uuid])), (None, Some(uuid.clone())));
    assert_eq!(known(&[&uuid, &wamid]), Some(wamid));
}
