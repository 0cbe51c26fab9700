//! The benchmark still measures: a short form of it, whose numbers are there and not judged.

mod support;

#[path = "../bench/suite/mod.rs"]
mod suite;

use std::time::Duration;

use suite::Plan;
use suite::copy::Task;
use suite::report::{Pass, Who};
use suite::traffic::Wanted;
use support::broker;

const INPUTS: u32 = 5_000;

const PLAN: Plan = Plan {
    inputs: INPUTS,
    formats: Wanted::Both,
    rounds: 1,
    threads: 2,
    rates: Vec::new(),
    warm_up: Duration::from_millis(500),
    latency: Duration::from_secs(2),
    idle: Duration::from_millis(500),
    copy_arguments: &["--ignored", "--exact", "the_copying_process", "--nocapture"],
};

#[test]
fn a_short_benchmark_has_all_its_numbers() {
    let report = suite::measure(&Plan { rates: vec![200], ..PLAN }).unwrap_or_else(|error| panic!("{error:#}"));
    let [before, waid, after] = report.passes.as_slice() else { panic!("three passes in\n{report}") };
    assert!(before.who == Who::Copy && waid.who == Who::Waid && after.who == Who::Copy);
    for copy in [before, after] {
        assert_eq!(outputs(copy), [INPUTS as usize]);
    }
    let [resolved, rows, assigned, ..] = outputs(waid)[..] else { panic!("the outputs of waid") };
    // Each person who answers is resolved; most of 5 000 inputs are news of some 1 500 messages.
    assert!(resolved >= 100 && rows >= 100 && assigned >= 1000, "{resolved} {rows} {assigned}");
    for Pass { wall_seconds, before_first_commit_seconds, cpu_seconds, peak_mib, .. } in &report.passes {
        assert!(before_first_commit_seconds <= wall_seconds && (0.0..60.0).contains(wall_seconds), "\n{report}");
        assert!((0.01..60.0).contains(cpu_seconds) && *peak_mib > 1.0, "\n{report}");
    }

    assert!(report.passes.iter().all(|pass| pass.broker_cpu_seconds.is_some_and(|seconds| seconds > 0.0) || broker().pid().is_none()));
    let [roomy, fewest, copies] = report.latencies.as_slice() else { panic!("three latencies in\n{report}") };
    assert!((roomy.who, fewest.who, copies.who) == (Who::Waid, Who::Fewest, Who::Copy));
    assert_eq!((copies.inputs, copies.outputs), (400, 400));
    for latency in [roomy, fewest] {
        assert_eq!(latency.inputs, 400);
        assert!(latency.outputs >= 20, "\n{report}");
        let quantiles = [latency.p50_ms, latency.p95_ms, latency.p99_ms, latency.max_ms];
        assert!(quantiles.is_sorted() && quantiles[0] > 0.1, "\n{report}");
    }
    assert!((0.0..=200.0).contains(&report.idle.core_percent), "\n{report}");
    serde_json::to_string(&report).expect("JSON");
}

/// How many records there are in each of its outputs.
fn outputs(pass: &Pass) -> Vec<usize> {
    pass.outputs.iter().map(|topic| broker().read_all(topic).len()).collect()
}

#[test]
#[ignore = "the other test starts it, in a process of its own"]
fn the_copying_process() {
    let task = Task::from_environment().expect("a task that can be read").expect("a task");
    task.run().expect("it runs until it is killed");
}
