//! All inputs at once: how long it takes, and what it costs.

use std::time::Instant;

use anyhow::Result;

use super::copy::Task;
use super::feed::Inputs;
use super::progress::{Progress, Reached, ends};
use super::report::{Pass, Who};
use super::subject::{Subject, broker_cpu_seconds};
use super::waid::Waid;

/// When a pass began, and what the broker had used by then.
#[derive(Clone, Copy)]
struct Begin {
    at: Instant,
    broker_cpu_seconds: Option<f64>,
}

impl Begin {
    fn now() -> Self {
        Self { at: Instant::now(), broker_cpu_seconds: broker_cpu_seconds() }
    }
}

/// waid processes all inputs, and all that follows from them. It runs on, with nothing to do.
pub fn waid(waid: &Waid<'_>) -> Result<(Pass, Subject)> {
    let begin = Begin::now();
    let subject = waid.start()?;
    let progress = Progress::of(&waid.group, &subject)?;
    let inputs = progress.wait_for(&ends(&waid.inputs.topics())?)?;
    let rest = progress.wait_for_rest(&waid.topic("repartition"))?;
    let reached = Reached { first: inputs.first, all: inputs.all.max(rest.all) };
    let outputs = ["identity-resolved", "identities", "conversation-assigned", "send-unresolved", "dead-letter"];
    let pass = pass(Who::Waid, waid.inputs, begin, reached, &subject, outputs.map(|name| waid.topic(name)).into())?;
    Ok((pass, subject))
}

/// A bare copy of all inputs.
pub fn copy(inputs: &Inputs, threads: usize, arguments: &[&str]) -> Result<Pass> {
    let task = Task::create(inputs, threads, 1);
    let targets = ends(&inputs.topics())?;
    let begin = Begin::now();
    let subject = task.start(arguments)?;
    let reached = Progress::of(&task.group, &subject)?.wait_for(&targets)?;
    pass(Who::Copy, inputs, begin, reached, &subject, vec![task.output])
}

fn pass(who: Who, inputs: &Inputs, begin: Begin, reached: Reached, subject: &Subject, outputs: Vec<String>) -> Result<Pass> {
    let usage = subject.usage()?;
    let inputs = f64::from(i32::try_from(ends(&inputs.topics())?.values().sum::<i64>())?);
    let wall_seconds = (reached.all - begin.at).as_secs_f64();
    Ok(Pass {
        who,
        wall_seconds,
        before_first_commit_seconds: (reached.first - begin.at).as_secs_f64(),
        inputs_per_second: inputs / wall_seconds,
        cpu_seconds: usage.cpu_seconds,
        inputs_per_cpu_second: inputs / usage.cpu_seconds,
        peak_mib: usage.peak_mib,
        broker_cpu_seconds: broker_cpu_seconds().zip(begin.broker_cpu_seconds).map(|(after, before)| after - before),
        outputs,
    })
}
