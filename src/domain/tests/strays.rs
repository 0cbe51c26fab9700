//! Messages whose Kafka time is far from their own, and changes.

use super::world::{World, delivered, inbound, send};
use crate::domain::event::{Element, Status, StatusKind};

const HOUR_S: i64 = 3600;
const PHONE: &str = "5535987654321";

/// Delivered at one time, told to have been sent at another.
fn sent(message: &str) -> Element {
    let Element::Status(status) = delivered(message, Some(PHONE), None) else { unreachable!("it is a status") };
    Element::Status(Status { kind: StatusKind::Sent, ..status })
}

#[test]
fn another_kafka_time_may_tie_messages_that_were_not_tied() {
    let apart = [
        (0, send("m", PHONE, 0)),
        (60 * HOUR_S, delivered("m", Some(PHONE), None)),
        (-40 * HOUR_S, inbound("in", Some(PHONE), None, HOUR_S)),
    ];
    let near = [&apart[..], &[(0, sent("m"))]].concat();
    for seed in 0..50 {
        assert_eq!(World::at(&apart, seed).conversations(), 2, "100 hours apart, seed {seed}");
        assert_eq!(World::at(&near, seed).conversations(), 1, "seed {seed}");
    }
}

#[test]
fn strays_are_counted_while_they_come_and_change() {
    let message = |index: i64| {
        let id = format!("m{index}");
        let later_s = index % 5 * 11 * HOUR_S;
        [(0, send(&id, PHONE, index * HOUR_S)), (later_s, delivered(&id, Some(PHONE), Some("BR.1"))), (later_s / 2, sent(&id))]
    };
    let all: Vec<_> = (0..12).flat_map(message).collect();
    for seed in 0..50 {
        assert_eq!(World::at(&all, seed).conversations(), 1, "seed {seed}");
    }
}
