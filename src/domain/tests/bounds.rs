//! What is only kept up to a bound, since each further one would cost more than the one before.

use super::world::{World, delivered, send};

const PHONE: &str = "5535987654321";

#[test]
fn of_one_message_only_so_much_is_heard() {
    let statuses = (0..100).map(|index| delivered("m", Some(&format!("55359800001{index:02}")), None));
    let users = (0..100).map(|index| delivered("m", None, Some(&format!("BR.{index}"))));
    let world = World::in_order(&[send("m", PHONE, 0)].into_iter().chain(statuses).chain(users).collect::<Vec<_>>());
    assert_eq!((world.heard("m"), world.assigned()), (32, 1));
}
