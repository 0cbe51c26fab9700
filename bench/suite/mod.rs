//! What is measured, in which order.

pub mod copy;
pub mod feed;
pub mod idle;
pub mod latency;
pub mod listener;
pub mod progress;
pub mod report;
pub mod restart;
pub mod subject;
pub mod throughput;
pub mod traffic;
pub mod waid;

use std::time::Duration;

use anyhow::{Context, Result};

use feed::Inputs;
use report::{Machine, Ratios, Report};
use traffic::Wanted;
use waid::{Partitions, Waid};

/// How much is measured.
pub struct Plan {
    /// Records to process.
    pub inputs: u32,
    /// In which formats their webhooks come.
    pub formats: Wanted,
    /// How often waid processes them; the copy does before, between and after.
    pub rounds: u32,
    /// Threads of waid, and of the copy.
    pub threads: usize,
    /// Inputs per second at which latency is measured.
    pub rates: Vec<u32>,
    /// How long inputs come before their latency counts.
    pub warm_up: Duration,
    /// How long they come while it counts.
    pub latency: Duration,
    /// How long waid is watched while nothing comes.
    pub idle: Duration,
    /// What makes this program, started once more with a [`copy::Task`] in its environment, do that and nothing else.
    pub copy_arguments: &'static [&'static str],
}

/// Measures all of it.
pub fn measure(plan: &Plan) -> Result<Report> {
    let before = Machine::now();
    tell("starting Kafka");
    let inputs = Inputs::create();
    tell(&format!("writing {} inputs", plan.inputs));
    let world = traffic::two_visits(plan.inputs, plan.formats.into());
    let bytes = inputs.fill(&world, plan.inputs)?;

    let mut passes = vec![copied(plan, &inputs)?];
    let (mut idle, mut restarted) = (None, None);
    for _ in 0..plan.rounds {
        tell("waid");
        let waid = Waid::create(&inputs, plan.threads, Partitions::Roomy, &world.listed_apps_toml())?;
        let (pass, subject) = throughput::waid(&waid)?;
        passes.push(pass);
        tell(&format!("waid without input, {:?}", plan.idle));
        idle = Some(idle::watch(&subject, plan.idle)?);
        tell("waid, killed and started again");
        let (restart, subject) = restart::measure(&waid, subject)?;
        restarted = Some(restart);
        subject.stop()?;
        passes.push(copied(plan, &inputs)?);
    }

    let mut latencies = Vec::new();
    for rate in &plan.rates {
        tell(&format!("latency at {rate} inputs/s"));
        latencies.push(latency::of_waid(plan, *rate, Partitions::Roomy)?);
        tell(&format!("latency with the fewest partitions at {rate} inputs/s"));
        latencies.push(latency::of_waid(plan, *rate, Partitions::Fewest)?);
        tell(&format!("latency of three copies at {rate} inputs/s"));
        latencies.push(latency::of_copies(plan, *rate)?);
    }
    let (idle, restart) = idle.zip(restarted).context("at least one round")?;
    let ratios = Ratios::of(&passes);
    Ok(Report {
        before,
        after: Machine::now(),
        threads: plan.threads,
        inputs: plan.inputs,
        bytes,
        passes,
        ratios,
        latencies,
        idle,
        restart,
    })
}

fn copied(plan: &Plan, inputs: &Inputs) -> Result<report::Pass> {
    tell("bare copy");
    throughput::copy(inputs, plan.threads, plan.copy_arguments)
}

/// What is going on, for who is waiting.
fn tell(what: &str) {
    eprintln!("bench: {what}");
}
