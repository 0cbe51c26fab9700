//! What the business typed in the WhatsApp Business app.

use super::world::{ORDERS, World, delivered, echo, inbound, led_there, moment, send};
use crate::domain::entity::Direction;

const PHONE: &str = "4915112345678";
const USER: &str = "DE.1";

#[test]
fn an_echo_is_a_message_of_the_business_without_a_send() {
    let all = [echo("e", Some(PHONE), None, 0), inbound("i", Some(PHONE), Some(USER), 60), echo("e", Some(PHONE), None, 0)];
    for seed in 0..ORDERS {
        let world = World::of(&all, seed);
        assert_eq!((world.assigned(), world.persons(), world.conversations()), (2, 1, 1), "seed {seed}");
        let told = world.echo("e");
        assert_eq!((told.direction, &told.message_id, told.phone, &told.customer_id), (Direction::Outbound, &None, None, &None));
        assert_eq!((told.kind.as_deref(), told.at, told.window_expires_at), (Some("image"), moment(0), None), "it opens no window");
    }
    let first = World::in_order(&all);
    assert!(first.echo("e").is_new_conversation && !first.inbound("i").is_new_conversation);
    assert_eq!(first.opened_by("e"), Direction::Outbound);
}

#[test]
fn the_window_is_longer_when_any_copy_says_that_an_advertisement_led_there() {
    const HOUR_S: i64 = 3600;
    let (plain, ad) = (inbound("i", Some(PHONE), None, 0), led_there(inbound("i", Some(PHONE), None, 0)));
    for copies in [[plain.clone(), ad.clone()], [ad.clone(), plain.clone()]] {
        let [first, second] = copies;
        let world = World::in_order(&[first, second, echo("e", Some(PHONE), None, 30 * HOUR_S)]);
        assert_eq!(world.echo("e").window_expires_at, Some(moment(72 * HOUR_S)));
    }
}

#[test]
fn an_echo_and_a_send_under_one_id_are_two_messages() {
    let all = [
        send("m", PHONE, 0),
        delivered("m", Some(PHONE), None),
        echo("m", Some(PHONE), None, 0),
        inbound("m", Some(PHONE), None, 0),
        echo("n", Some("4915187654321"), None, 0),
    ];
    for seed in 0..ORDERS {
        let world = World::of(&all, seed);
        assert_eq!((world.assigned(), world.persons(), world.conversations()), (4, 2, 2), "seed {seed}");
        assert_eq!((world.sent("m").phone.is_some(), world.echo("m").phone), (true, None));
    }
}

#[test]
fn each_of_the_messages_under_one_id_founds_a_conversation_of_its_own() {
    let phones = ["4915112345678", "4915112345679", "4915112345670"];
    let all = [
        send("m", phones[0], 0),
        delivered("m", Some(phones[0]), None),
        echo("m", Some(phones[1]), None, 0),
        inbound("m", Some(phones[2]), None, 0),
    ];
    assert_eq!(World::in_order(&all).conversations(), 3);
}

#[test]
fn what_the_business_knows_of_a_person_stays_as_the_send_said() {
    let all = [
        send("m", PHONE, 0),
        delivered("m", Some(PHONE), None),
        echo("e", Some(PHONE), None, 10),
        inbound("i", Some(PHONE), None, 20),
        // The circle is decided anew by what this one shows.
        inbound("j", Some(PHONE), Some(USER), 30),
    ];
    let world = World::in_order(&all);
    for id in ["i", "j"] {
        assert_eq!((world.inbound(id).phone, world.inbound(id).customer_id.as_deref()), (world.sent("m").phone, Some("crm-17")), "{id}");
    }
}

#[test]
fn an_echo_that_names_both_ids_shows_one_person_and_no_wa_id() {
    let other = "4915187654321";
    let both = [
        echo("e", Some(other), Some(USER), 0),
        echo("f", Some(other), None, 0),
        echo("f", None, Some(USER), 0),
        inbound("i", Some(PHONE), Some(USER), 60),
        inbound("j", Some(other), None, 60),
        send("m", PHONE, 0),
        delivered("m", None, Some(USER)),
    ];
    for seed in 0..ORDERS {
        let world = World::of(&both, seed);
        assert_eq!((world.assigned(), world.persons(), world.conversations()), (5, 1, 1), "seed {seed}");
        assert_eq!(world.answer(PHONE).0, world.inbound("i").wa_id, "the number that was only typed is no answer");
    }
}
