//! Stream time: catching up with a backlog of days comes to what living through them came to, with sends that expire, and messages and
//! message ids that are forgotten, on the way; whatever is lost and restored in between.

mod model;

#[path = "catch_up/history.rs"]
mod history;
#[path = "catch_up/machine.rs"]
mod machine;
#[path = "meaning/records.rs"]
mod records;

use history::{END_MS, SETTINGS, ten_days};
use machine::{Machine, Order, Plan};
use model::final_state::{Outcome, SendKey, compare};
use model::history::{Fact, Record, Send, Status, StatusKind};
use model::reference::final_state;
use std::collections::{BTreeMap, BTreeSet};

/// Histories in the short form; `WAID_TEST_SEEDS` asks for another number, `WAID_TEST_FIRST_SEED` for another start.
const SEEDS_DEFAULT: u64 = 10;
const ORDERS: [Order; 4] = [Order::Live, Order::OneFirst, Order::Backlog, Order::Sources];

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{variable}={text} is not a number")))
}

/// At least two records in each partition, which take stream time to the end and concern nobody.
fn with_end(mut records: Vec<Record>) -> Vec<Record> {
    for index in 0..100 {
        let (app, id) = ("end".to_owned(), format!("end{index}"));
        let fact = if index % 3 == 0 {
            let destination = format!("1631{}", 2_000_000 + index);
            Fact::Send(Send { app, message_id: id, destination, sent_at_ms: END_MS, customer_id: None, wa_id: None })
        } else {
            let (gs_id, whatsapp_id) = (Some(id), Some(format!("other{index}")));
            Fact::Status(Status { app, kind: StatusKind::Enqueued, gs_id, whatsapp_id, wa_id: None, user_id: None, at_ms: END_MS })
        };
        records.push(fact.recorded(END_MS));
    }
    records
}

/// The sends of which `EXPIRED` must be told: those without evidence or failure, once stream time has passed their last copy long enough.
fn expiring(records: &[Record], sends: &BTreeMap<SendKey, Outcome>) -> BTreeSet<SendKey> {
    let mut last_ms: BTreeMap<SendKey, i64> = BTreeMap::new();
    for record in records {
        if let Fact::Send(send) = &record.fact {
            let last = last_ms.entry((send.app.clone(), send.message_id.clone())).or_insert(record.kafka_ms);
            *last = record.kafka_ms.max(*last);
        }
    }
    let due = |key: &&SendKey| sends[*key] == Outcome::Unresolved && last_ms[*key] + SETTINGS.join_timeout_ms < END_MS;
    last_ms.keys().filter(due).cloned().collect()
}

/// How many sends expired, if all is as it must be.
fn check(records: &[Record], plan: Plan) -> Result<usize, String> {
    let audit = Machine::run(records, plan).audit();
    let expected = final_state(records, &SETTINGS);
    compare(&expected, &audit.state)?;
    let expiring = expiring(records, &expected.sends);
    if expiring != audit.expired {
        let missing: Vec<_> = expiring.difference(&audit.expired).collect();
        let wrong: Vec<_> = audit.expired.difference(&expiring).collect();
        return Err(format!("EXPIRED not told of {missing:?}, wrongly told of {wrong:?}"));
    }
    if audit.violations.is_empty() { Ok(expiring.len()) } else { Err(audit.violations.join("\n")) }
}

#[test]
fn catching_up_is_like_living_through_it() {
    let first = number("WAID_TEST_FIRST_SEED", 0);
    let mut expired = 0;
    for seed in first..first + number("WAID_TEST_SEEDS", SEEDS_DEFAULT) {
        let records = with_end(ten_days(seed, 5, 2));
        for order in ORDERS {
            let plan = Plan::of_seed(seed, order);
            let started = std::time::Instant::now();
            match check(&records, plan) {
                Ok(count) => expired += count,
                Err(why) => panic!("seed {seed}, {plan:?}: {why}"),
            }
            println!("{} {plan:?} {:?} {expired}", records.len(), started.elapsed());
        }
    }
    assert!(expired > 0);
}
