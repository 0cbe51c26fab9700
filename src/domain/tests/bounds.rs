//! What is only kept up to a bound, since each further one would cost more than the one before.

use super::world::{World, delivered, mismatch, send};

const PHONE: &str = "5535987654321";

#[test]
fn of_one_message_only_so_much_is_heard() {
    let statuses = (0..100).map(|index| delivered("m", Some(&format!("55359800001{index:02}")), None));
    let users = (0..100).map(|index| delivered("m", None, Some(&format!("BR.{index}"))));
    let world = World::in_order(&[send("m", PHONE, 0)].into_iter().chain(statuses).chain(users).collect::<Vec<_>>());
    assert_eq!((world.join("m").heard.len(), world.assigned(), world.dead_letters), (32, 1, 0));
}

#[test]
fn a_message_has_only_so_many_mismatch_events() {
    let all: Vec<_> = (0..100).map(|at_s| mismatch("m", "553587654321", at_s)).collect();
    let world = World::in_order(&all);
    assert_eq!((world.join("m").mismatches.len(), world.dead_letters), (32, 68));
}
