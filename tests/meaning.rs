//! The guarantee: whatever the order, the partitions and the batches, the final state is what the batch model says of the set of records.

mod model;

#[path = "meaning/bench.rs"]
mod bench;

#[path = "meaning/records.rs"]
mod records;

use bench::{Bench, Counters, Plan};
use model::final_state::compare;
use model::generate::{Kind, Options, generate, handmade};
use model::golden;
use model::history::Record;
use model::reference::{Settings, final_state};
use model::shrink;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

/// Histories in the short form; `WAID_TEST_SEEDS` asks for another number, `WAID_TEST_FIRST_SEED` for another start.
const SEEDS_DEFAULT: u64 = 2_200;
/// Histories of crowds in the short form, and people in each; `WAID_TEST_CROWDS` and `WAID_TEST_PEOPLE` ask for others.
const CROWDS_DEFAULT: u64 = 4;
const PEOPLE_DEFAULT: u64 = 200;
const RECORDS_EACH: usize = 10;
const KINDS: [Kind; 4] = [Kind::Lively, Kind::Adversarial, Kind::JoinEdges, Kind::KafkaEdges];

/// Links, hand-overs, merges and moves must each have crossed partitions once in so many histories, or they prove less than they claim.
const PER_CROSSING_MAX: u64 = 4;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{variable}={text} is not a number")))
}

/// Runs a history through the real worker over a broker in memory, and compares what its topics say with the model.
fn check(records: &[Record], plan: Plan) -> Result<Counters, String> {
    let settings = Settings::default();
    let (audit, counters) = Bench::run(records, plan, &settings).audit(&settings);
    compare(&final_state(records, &settings), &audit.state)?;
    match audit.violations.as_slice() {
        [] => Ok(counters),
        violations => Err(format!("{} promises broken:\n{}", violations.len(), violations.join("\n"))),
    }
}

/// Fails with the smallest history found that still does, for some order.
fn explain(name: &str, records: &[Record], plan: Plan, why: &str) -> ! {
    println!("{name}, {plan:?}: {why}\nlooking for a smaller history");
    // The orders of a crowd take long.
    let turns = |records: &[Record]| if records.len() > 600 { 1 } else { 12 };
    let plans = |records: &[Record]| (0..turns(records)).map(|turn| Plan { seed: plan.seed.wrapping_add(turn * 7919), ..plan });
    let failing = |records: &[Record]| plans(records).any(|plan| check(records, plan).is_err());
    let small = if failing(records) { shrink::shrink_guaranteed(records, &Settings::default(), failing) } else { records.to_vec() };
    let small_why = plans(&small).find_map(|plan| check(&small, plan).err()).unwrap_or_default();
    let golden = golden::file(&small, &format!("{name}, {plan:?}"));
    let kept = keep(name, &golden);
    panic!("{name}, {plan:?}: {why}\n\nsmallest:\n{}\n{small_why}\n\nas a golden file{kept}:\n{golden}", shrink::print(&small));
}

/// Writes a golden file where `WAID_TEST_GOLDEN_DIR` says, for instance `tests/golden`: it fails there until the core is mended.
fn keep(name: &str, golden: &str) -> String {
    let Ok(folder) = std::env::var("WAID_TEST_GOLDEN_DIR") else { return " (WAID_TEST_GOLDEN_DIR has it written)".to_owned() };
    let name: String = name.to_lowercase().chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '_' }).collect();
    let path = Path::new(&folder).join(format!("generated_{name}.txt"));
    std::fs::write(&path, golden).unwrap_or_else(|error| panic!("{}: {error}\n{golden}", path.display()));
    format!(", written to {}", path.display())
}

#[test]
fn the_sets_made_by_hand_mean_what_they_should_in_every_order() {
    for (name, records) in handmade::all() {
        for seed in 0..40 {
            let plan = Plan::of_seed(seed);
            if let Err(why) = check(&records, plan) {
                explain(name, &records, plan, &why);
            }
        }
    }
}

#[test]
fn order_does_not_matter() {
    let mut total = Counters::default();
    let first = number("WAID_TEST_FIRST_SEED", 0);
    let seeds = number("WAID_TEST_SEEDS", SEEDS_DEFAULT);
    for seed in first..first + seeds {
        let small = |range: u64| usize::try_from(seed / 4 % range).expect("small");
        let (kind, people, density) = (KINDS[usize::try_from(seed % 4).expect("small")], 2 + small(6), [0.0, 0.2, 0.5, 0.8, 1.0][small(5)]);
        let events = if small(50) == 0 { 600 } else { 60 };
        let records = generate(&Options::new(seed, kind, events, people, density));
        let plan = Plan::of_seed(seed);
        match check(&records, plan) {
            Ok(counters) => total += counters,
            Err(why) => explain(&format!("{kind:?} {seed}"), &records, plan, &why),
        }
    }
    println!("{seeds} seeds from {first}: {total:?}");
    let crossed = [total.crossed.links, total.crossed.hand_overs, total.crossed.merges, total.crossed.moves];
    assert!(crossed.iter().all(|count| *count * PER_CROSSING_MAX > seeds), "{total:?}");
    assert_eq!(total.failed, 0, "{total:?}");
    assert_eq!(total.stale, 0, "{total:?}");
}

/// Crowds who write, are written to, move and are mistaken for each other, of whom some news come late, twice or never.
#[test]
fn order_does_not_matter_in_crowds() {
    let (people, crowds) = (number("WAID_TEST_PEOPLE", PEOPLE_DEFAULT), number("WAID_TEST_CROWDS", CROWDS_DEFAULT));
    let people = usize::try_from(people).expect("small");
    let first = number("WAID_TEST_FIRST_SEED", 0);
    let begun = Instant::now();
    let mut total = Counters::default();
    for seed in first..first + crowds {
        let density = [0.1, 0.3, 0.5, 0.7, 0.9][usize::try_from(seed % 5).expect("small")];
        let records = generate(&Options::new(seed, Kind::Lively, people * RECORDS_EACH, people, density));
        let plan = Plan::of_seed(seed);
        match check(&records, plan) {
            Ok(counters) => total += counters,
            Err(why) => explain(&format!("{people} people {seed}"), &records, plan, &why),
        }
        let done = seed - first + 1;
        if done.is_multiple_of(100) || done == crowds {
            println!("{done} crowds of {people} from {first}, {:?}: {total:?}", begun.elapsed());
        }
    }
    assert_eq!((total.failed, total.stale), (0, 0), "{total:?}");
}

/// A few thousand events among few and among many people.
#[test]
fn order_does_not_matter_in_long_histories() {
    for (seed, events, people, density) in [(1, 2_000, 4, 1.0), (2, 2_500, 40, 0.7), (3, 4_000, 200, 0.3)] {
        let records = generate(&Options::new(seed, Kind::Lively, events, people, density));
        let plan = Plan::of_seed(seed);
        if let Err(why) = check(&records, plan) {
            panic!("{seed}: {why}");
        }
    }
}

#[test]
fn replaying_the_log_gives_the_same_bytes_and_each_row_has_one_writer() {
    let mut compared = 0;
    for seed in 0..40 {
        let records = generate(&Options::new(seed, Kind::Lively, 300, 5, 0.8));
        let live = Bench::run(&records, Plan::of_seed(seed), &Settings::default());
        let mut rows_written = BTreeSet::new();
        for (partition, state) in live.states() {
            let replayed = live.replay(partition);
            for key in replayed.rows_written {
                assert!(rows_written.insert(key), "seed {seed}: a row was written by partition {partition} and by an earlier one");
            }
            assert_eq!(replayed.state, state, "seed {seed}, partition {partition}");
            assert_eq!(replayed.outputs, live.replay(partition).outputs);
            compared += replayed.outputs.len();
        }
        let mut replayed: Vec<_> = live.states().into_keys().flat_map(|partition| live.replay(partition).outputs).collect();
        let mut told = live.outputs_of_tasks();
        replayed.sort();
        told.sort();
        assert_eq!(replayed, told, "seed {seed}");
    }
    assert!(compared > 1_000, "{compared} outputs compared");
}
