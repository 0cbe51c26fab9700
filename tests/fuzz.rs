//! Fuzzing on stable Rust: everything that reads bytes from outside, or bytes that waid wrote itself, fed damaged copies of real shapes.
//!
//! `cargo test --test fuzz` takes about `WAID_FUZZ_SECONDS` (30) over all targets; by hand, ten minutes from elsewhere:
//! `WAID_FUZZ_SECONDS=600 WAID_FUZZ_SEED=$RANDOM cargo test --test fuzz -- --nocapture`. `WAID_FUZZ_TARGET` picks one.
//!
//! Of each input: no panic, the same outcome twice, time and memory in proportion to its size. Mutation is blind to coverage; outcomes that
//! were not met before stand in for it, and how often inputs are still accepted is held against a least share, so that it does not turn into
//! a test of syntax errors.

#[path = "fuzz/corpus.rs"]
mod corpus;
#[path = "fuzz/mutation.rs"]
mod mutation;
#[path = "fuzz/target.rs"]
mod target;
#[path = "fuzz/trial.rs"]
mod trial;

use mutation::Mutator;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use target::Target;
use trial::Trial;

/// How many accepted inputs with new outcomes are kept for further mutation, beside the corpus.
const KEPT_MAX: usize = 2_000;
/// Longer inputs are not mutated further.
const KEPT_BYTES_MAX: usize = 8 * 1024;

/// What one target came to.
#[derive(Default)]
struct Report {
    executions: u64,
    accepted: u64,
    outcomes: BTreeSet<String>,
    worst: Trial,
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{variable}={text} is not a number")))
}

fn fuzz(target: &mut Target, budget: Duration, seed: u64) -> Report {
    let mut report = Report::default();
    let mut pool = corpus::of(target.name);
    for (name, input) in &pool {
        let trial = trial::run(target, input);
        assert!(trial.accepted, "{}/{name} is no real shape: {}; write the corpus anew (tests/fuzz/corpus.rs)", target.name, trial.outcome);
        report.note(&trial);
    }
    let mut mutator = Mutator::new(seed, target.is_json);
    let end = Instant::now() + budget;
    while Instant::now() < end {
        let input = mutator.mutated(&pool);
        let trial = trial::run(target, &input);
        let is_new = report.note(&trial);
        if is_new && trial.accepted && pool.len() < KEPT_MAX && input.len() <= KEPT_BYTES_MAX {
            pool.push((String::new(), input));
        }
    }
    report
}

impl Report {
    /// Counts an execution; whether its outcome is new.
    fn note(&mut self, trial: &Trial) -> bool {
        self.executions += 1;
        self.accepted += u64::from(trial.accepted);
        self.worst.time = self.worst.time.max(trial.time);
        self.worst.bytes = self.worst.bytes.max(trial.bytes);
        self.worst.blowup = self.worst.blowup.max(trial.blowup);
        self.outcomes.len() < 100_000 && self.outcomes.insert(trial.outcome.clone())
    }
}

#[test]
fn nothing_that_comes_in_does_harm() {
    let (seconds, seed) = (number("WAID_FUZZ_SECONDS", 30), number("WAID_FUZZ_SEED", 1));
    let only = std::env::var("WAID_FUZZ_TARGET").unwrap_or_default();
    let mut targets: Vec<Target> = target::all().into_iter().filter(|target| target.name.contains(&only)).collect();
    let share = Duration::from_secs(seconds) / u32::try_from(targets.len()).expect("few");
    for target in &mut targets {
        let report = fuzz(target, share, seed);
        let Report { executions, accepted, outcomes, worst } = &report;
        println!(
            "{:12} {executions:>9} executions, {accepted:>8} accepted, {:>6} outcomes; at most {:?}, {} KiB, {:.0} bytes a byte",
            target.name,
            outcomes.len(),
            worst.time,
            worst.bytes / 1024,
            worst.blowup
        );
        // Where every byte counts most mutations are refused; where little counts most are not.
        assert!(accepted * 20 > *executions, "{}: only {accepted} of {executions} inputs were still accepted", target.name);
        assert!(accepted * 100 < executions * 99, "{}: hardly any input was refused", target.name);
    }
}
