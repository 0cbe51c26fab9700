//! Numbers that evidence only repeats as they were dialled.

use super::world::{ORDERS, World, delivered, inbound, number, send};
use crate::domain::evidence::Evidence;

const FIRST: &str = "5491151234567";
const SECOND: &str = "541151234567";
const USER: &str = "AR.1";

/// Two spellings of one person are dialled; the status of the second repeats it.
fn repeated() -> Vec<crate::domain::event::Element> {
    vec![send("m", FIRST, 0), delivered("m", Some(FIRST), Some(USER)), send("n", SECOND, 100), delivered("n", Some(SECOND), Some(USER))]
}

#[test]
fn a_number_that_was_only_repeated_is_no_evidence_for_another() {
    for seed in 0..ORDERS {
        let world = World::of(&repeated(), seed);
        assert_eq!(world.answer(FIRST), (Some(number(FIRST)), Some(Evidence::Delivered)), "seed {seed}");
        assert_eq!(world.answer(SECOND), (Some(number(SECOND)), Some(Evidence::Delivered)), "seed {seed}");
        assert_eq!(world.persons(), 1, "but the owners of both are known by it, seed {seed}");
    }
}

#[test]
fn a_proper_sight_counts_from_its_own_time_also_after_hearsay() {
    let all = [repeated(), vec![inbound("i", Some(SECOND), Some(USER), 50), inbound("j", Some(SECOND), Some(USER), 300)]].concat();
    let later = [repeated(), vec![inbound("j", Some(SECOND), Some(USER), 300), inbound("i", Some(FIRST), None, 200)]].concat();
    for seed in 0..ORDERS {
        assert_eq!(World::of(&all, seed).answer(FIRST), (Some(number(SECOND)), Some(Evidence::UserId)), "seed {seed}");
        let world = World::of(&later, seed);
        assert_eq!(world.answer(FIRST), (Some(number(SECOND)), Some(Evidence::UserId)), "300 and not 100: newer than 200, seed {seed}");
    }
}

#[test]
fn a_number_that_differs_from_what_was_dialled_is_no_hearsay() {
    let all = [send("m", FIRST, 0), delivered("m", None, Some(USER)), send("n", FIRST, 10), delivered("n", Some(SECOND), Some(USER))];
    let third = [send("o", "4915112345678", 0), delivered("o", None, Some(USER))];
    for seed in 0..ORDERS {
        let world = World::of(&[&all[..], &third].concat(), seed);
        assert_eq!(world.answer("4915112345678"), (Some(number(SECOND)), Some(Evidence::UserId)), "seed {seed}");
    }
}
