//! Copies that are left out never matter.

use super::*;
use crate::domain::ids::Address;
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
