//! BSUIDs that became others.

use super::world::{ORDERS, World, delivered, inbound, number, renamed, send};
use crate::domain::evidence::Evidence;

const PHONE: &str = "4915112345678";
const OTHER: &str = "4915187654321";

#[test]
fn two_names_of_a_person_are_one_whatever_the_order() {
    let before = inbound("a", None, Some("DE.1"), 0);
    let since = inbound("b", None, Some("DE.2"), 200_000);
    let more = [inbound("c", Some(PHONE), Some("DE.1"), 10), inbound("d", Some(OTHER), Some("DE.3"), 200_010)];
    let all = |news: &[_]| [&[before.clone(), since.clone()][..], &more, news].concat();
    let chain = [renamed(Some("DE.1"), "DE.3", None, 100), renamed(Some("DE.3"), "DE.2", None, 200)];
    for seed in 0..ORDERS {
        assert_eq!(World::of(&all(&[]), seed).persons(), 3, "seed {seed}");
        let world = World::of(&all(&chain), seed);
        assert_eq!((world.assigned(), world.persons(), world.conversations()), (4, 1, 2), "seed {seed}");
    }
}

#[test]
fn who_has_another_bsuid_on_a_number_is_its_owner_still() {
    let all =
        [inbound("a", Some(PHONE), Some("DE.1"), 0), inbound("b", Some(PHONE), Some("DE.2"), 200), inbound("c", Some(PHONE), None, 300)];
    let with = |news| [&all[..], &[news]].concat();
    for seed in 0..ORDERS {
        assert_eq!(World::of(&all, seed).persons(), 2, "two owners, seed {seed}");
        assert_eq!(World::of(&with(renamed(Some("DE.1"), "DE.2", None, 100)), seed).persons(), 1, "seed {seed}");
        assert_eq!(World::of(&with(renamed(Some("DE.2"), "DE.1", None, 900)), seed).persons(), 1, "whenever it was, seed {seed}");
        assert_eq!(World::of(&with(renamed(None, "DE.2", Some(PHONE), 100)), seed).persons(), 1, "by the number, seed {seed}");
        assert_eq!(World::of(&with(renamed(None, "DE.2", Some(PHONE), 250)), seed).persons(), 2, "too late to be this one, seed {seed}");
    }
}

#[test]
fn news_of_a_bsuid_that_was_seen_before_lets_no_other_in() {
    let seen = [inbound("a", Some(PHONE), Some("DE.2"), 0), renamed(None, "DE.2", Some(PHONE), 100)];
    let next = inbound("b", Some(PHONE), Some("DE.3"), 200);
    let after = inbound("a", Some(PHONE), Some("DE.2"), 150);
    for seed in 0..ORDERS {
        assert_eq!(World::of(&[&seen[..], std::slice::from_ref(&next)].concat(), seed).persons(), 2, "seed {seed}");
        assert_eq!(World::of(&[after.clone(), seen[1].clone(), next.clone()], seed).persons(), 2, "seen since, seed {seed}");
    }
}

#[test]
fn a_number_named_with_it_is_seen_with_the_current_one_alone() {
    let all = [
        send("m", PHONE, 0),
        delivered("m", None, Some("DE.2")),
        send("n", "4915100000000", 0),
        delivered("n", None, Some("DE.1")),
        renamed(Some("DE.1"), "DE.2", Some(OTHER), 100),
    ];
    for seed in 0..ORDERS {
        let world = World::of(&all, seed);
        assert_eq!(world.answer(PHONE), (Some(number(OTHER)), Some(Evidence::UserId)), "seed {seed}");
        assert_eq!(world.answer("4915100000000").0, None, "what BSUIDs were seen with does not follow renamings, seed {seed}");
        assert_eq!(world.persons(), 1);
    }
}

#[test]
fn another_bsuid_on_a_number_moves_nobody() {
    let all = [send("m", PHONE, 0), delivered("m", Some(PHONE), None), renamed(None, "DE.2", Some(PHONE), 100)];
    for seed in 0..ORDERS {
        assert_eq!(World::of(&all, seed).answer(PHONE), (Some(number(PHONE)), Some(Evidence::Delivered)), "seed {seed}");
    }
}
