//! Stream time: catching up with a backlog of days comes to what living through them came to, with sends that expire, and messages and
//! message ids that are forgotten, on the way; whatever is lost and restored in between.

mod model;

#[path = "catch_up/forgotten.rs"]
mod forgotten;
#[path = "catch_up/history.rs"]
mod history;
#[path = "catch_up/machine.rs"]
mod machine;
#[path = "meaning/records.rs"]
mod records;

use history::{DAY_MS, END_MS, SETTINGS, START_MS, steady, ten_days, with_late_copies, with_wrong_clocks};
use machine::{Machine, Order, Piece, Plan};
use model::final_state::{Outcome, SendKey, compare};
use model::history::{Fact, Record};
use model::reference::final_state;
use records::Rows;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use waid::runtime::task::Task;
use waid::runtime::transaction::Discard;
use waid::wire::packed;

/// A history that once found an identity in use after it was told to be another's.
const SEED_ONCE_BROKEN: u64 = 5545;

/// Histories in the short form; `WAID_TEST_SEEDS` asks for another number, `WAID_TEST_FIRST_SEED` for another start.
const SEEDS_DEFAULT: u64 = 10;
const ORDERS: [Order; 4] = [Order::Live, Order::OneFirst, Order::Backlog, Order::Sources];

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{variable}={text} is not a number")))
}

/// With a last record in each partition, at least, that takes stream time to the end.
fn with_end(mut records: Vec<Record>) -> Vec<Record> {
    forgotten::pass(&mut records, "end", END_MS);
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
    compare(&expected, &audit.state).map_err(|why| format!("{why}\n{}", audit.violations.join("\n")))?;
    let expiring = expiring(records, &expected.sends);
    if expiring != audit.expired {
        let missing: Vec<_> = expiring.difference(&audit.expired).collect();
        let wrong: Vec<_> = audit.expired.difference(&expiring).collect();
        return Err(format!("EXPIRED not told of {missing:?}, wrongly told of {wrong:?}"));
    }
    if audit.violations.is_empty() { Ok(expiring.len()) } else { Err(audit.violations.join("\n")) }
}

fn seeds() -> std::ops::Range<u64> {
    let first = number("WAID_TEST_FIRST_SEED", 0);
    first..first + number("WAID_TEST_SEEDS", SEEDS_DEFAULT)
}

#[test]
fn catching_up_is_like_living_through_it() {
    let mut expired = 0;
    for seed in seeds().chain([SEED_ONCE_BROKEN]) {
        let records = with_end(ten_days(seed, 5, 2));
        for order in ORDERS {
            let plan = Plan::of_seed(seed, order);
            expired += check(&records, plan).unwrap_or_else(|why| panic!("seed {seed}, {plan:?}: {why}"));
        }
    }
    assert!(expired > 0);
}

#[test]
fn what_forgotten_messages_held_together_stays_together() {
    let histories = [
        ("the middle one", forgotten::the_middle_one()),
        ("the first one", forgotten::the_first_one()),
        ("a large hand-over", forgotten::a_large_hand_over()),
    ];
    for (name, mut records) in histories {
        records.sort_by_key(|record| record.kafka_ms);
        let records = with_end(records);
        for seed in 0..2 {
            let plan = Plan { batch: 20, step_ms: 0, crashes: 0.0, ..Plan::of_seed(seed, Order::Live) };
            check(&records, plan).unwrap_or_else(|why| panic!("{name}, {plan:?}: {why}"));
        }
    }
}

#[test]
fn one_wrong_clock_changes_nothing_else() {
    for seed in seeds() {
        let records = with_end(with_wrong_clocks(ten_days(seed, 3, 1), seed, machine::place));
        for order in ORDERS {
            let plan = Plan::of_seed(seed, order);
            check(&records, plan).unwrap_or_else(|why| panic!("seed {seed}, {plan:?}: {why}"));
        }
    }
}

/// A machine that has taken the first pieces of a history and has come to rest; the others.
fn half_way(records: &[Record], plan: Plan) -> (Machine, Vec<Piece>) {
    let mut machine = Machine::new(plan);
    let (mut pieces, sources) = machine.pieces(records);
    machine.sources = sources;
    let rest = pieces.split_off(pieces.len() * 2 / 3);
    for (index, piece) in pieces.into_iter().enumerate() {
        machine.feed(piece);
        if index % 5 == 2 {
            machine.turns(index * 7);
            machine.crash();
        }
        machine.settle();
    }
    (machine, rest)
}

/// What the task of this partition comes to if the whole log is taken again.
fn taken_again(machine: &Machine, partition: i32) -> (Rows, Vec<u8>) {
    let mut task = Task::new(partition);
    for value in machine.worker().broker().repartition_log(partition) {
        task.take(packed::decode(&value).expect("waid wrote it"), &mut Discard).expect("all parts are there");
    }
    machine::state(&task)
}

/// How a worker's state is lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Loss {
    /// Nothing but the process.
    Worker,
    /// And the log of each task, up to the newest checkpoint.
    Log,
    /// And the changelog.
    Changelog,
}

#[test]
fn a_restored_state_is_the_same_byte_for_byte_and_goes_on_the_same() {
    let mut replayed = 0;
    for seed in seeds() {
        let records = with_end(with_late_copies(ten_days(seed, 4, 2), seed));
        let changes_max = Some([1, 30, 400, 5_000][usize::try_from(seed % 4).expect("small")]);
        let plan = Plan { step_ms: 0, changes_max, ..Plan::of_seed(seed, Order::Live) };
        let mut told = Vec::new();
        for loss in [Loss::Worker, Loss::Log, Loss::Changelog] {
            let (mut machine, rest) = half_way(&records, plan);
            let live = machine.states();
            for (partition, state) in &live {
                assert!(*state == taken_again(&machine, *partition), "seed {seed}: the log does not give what partition {partition} is");
            }
            let before = machine.lines().len();
            let mut broker = machine.stop();
            for partition in live.keys() {
                let included = machine::included(&broker, *partition).unwrap_or(0);
                replayed += broker.repartition_log(*partition).len() - usize::try_from(included).expect("small");
                if loss == Loss::Log {
                    broker.purge(*partition, included);
                }
            }
            if loss == Loss::Changelog {
                broker.lose_changelog();
            }
            broker.restart(machine::memoryless(seed));
            machine.start(broker);
            machine.settle();
            for (partition, state) in machine.states() {
                assert!(state == live[&partition], "seed {seed}, {loss:?} lost: partition {partition} was restored as something else");
            }
            assert_eq!(machine.lines().len(), before, "seed {seed}, {loss:?} lost: a restart told something");
            for piece in rest {
                machine.feed(piece);
                machine.settle();
            }
            let states = machine.states().into_values().map(machine::of_any_epoch);
            told.push((machine.lines(), states.collect::<Vec<_>>()));
        }
        assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "seed {seed}: two restored states went on differently");
    }
    assert!(replayed > 0);
}

#[test]
fn a_task_whose_log_and_changelog_are_gone_is_refused() {
    let records = with_end(ten_days(1, 2, 1));
    let plan = Plan { tasks: 1, changes_max: Some(1), ..Plan::of_seed(1, Order::Live) };
    let (mut machine, _) = half_way(&records, plan);
    let mut broker = machine.stop();
    let included = machine::included(&broker, 0).expect("there was a checkpoint");
    broker.purge(0, included);
    broker.lose_changelog();
    broker.restart(machine::memoryless(0));
    machine.start(broker);
    let mut turns = (0..10).map(|_| machine.worker_mut().turn(Duration::ZERO));
    let why = turns.find_map(Result::err).expect("refused").to_string();
    let expected = format!("begins at offset {included}, but the records from 0 on are needed");
    assert!(why.contains(&expected) && why.contains("changelog emptied"), "{why}");
}

#[test]
fn what_is_kept_does_not_grow() {
    const DAYS: i64 = 60;
    let records = steady(7, 12, DAYS);
    let mut machine = Machine::new(Plan { tasks: 3, batch: 20, step_ms: 60_000, crashes: 0.0, ..Plan::of_seed(7, Order::Live) });
    let (pieces, _) = machine.pieces(&records);
    let mut kept: BTreeMap<i64, [usize; 2]> = BTreeMap::new();
    for piece in pieces {
        let day = (piece.iter().map(|(_, record)| record.timestamp_ms).max().unwrap_or(START_MS) - START_MS) / DAY_MS;
        machine.feed(piece);
        machine.settle();
        let most = kept.entry(day).or_default();
        most.iter_mut().zip(machine.kept()).for_each(|(most, now)| *most = now.max(*most));
    }
    let most = |days: std::ops::Range<i64>, kind: usize| kept.range(days).map(|(_, kept)| kept[kind]).max().expect("days");
    for (kind, name) in ["message ids", "messages"].into_iter().enumerate() {
        let (early, late) = (most(4..20, kind), most(DAYS - 16..DAYS, kind));
        println!("{name}: {early} at most, then {late}");
        assert!(early > 20 && late < early * 3 / 2, "{name}: {early} at most in 16 days, {late} in the last 16");
    }
}
