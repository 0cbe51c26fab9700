//! Steady traffic: how long after an input is due do readers see what it caused.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use std::{process, thread};

use ::waid::traffic::Input;
use anyhow::{Context, Result, anyhow, bail};

use super::copy::Task;
use super::feed::{Feeder, Inputs, Place};
use super::listener::{Heard, listen};
use super::progress::{Offsets, Progress, ends, last_records};
use super::report::{Latency, Who};
use super::subject::{Subject, Usage, broker_cpu_seconds};
use super::waid::{Partitions, Waid};
use super::{Plan, traffic};

/// Transactions from most inputs to what follows from them: from the inputs, to the message, to its home.
const HOPS: usize = 3;

/// Inputs that come before all others. Once they are read, waid is up.
const FIRST: usize = 100;

/// How long a record may wait for others in the sender.
const LINGER: Duration = Duration::from_millis(5);

/// The shortest that the sender sleeps, and the longest.
const NAP: [Duration; 2] = [Duration::from_micros(200), Duration::from_millis(5)];

const OUTPUTS: [&str; 3] = ["conversation-assigned", "identity-resolved", "dead-letter"];

/// When inputs are due, whether or not those before were taken.
#[derive(Clone, Copy)]
struct Schedule {
    begin: Instant,
    rate: u32,
}

/// How late an input was sent at most, how busy the process, the broker and the benchmark were meanwhile in percent of a core, and where each
/// input is.
struct Sent {
    late_max: Duration,
    core_percent: f64,
    broker_core_percent: Option<f64>,
    own_core_percent: f64,
    placed: Vec<(usize, Place)>,
}

/// How long waid takes at so many inputs per second, with a group and topics of its own.
pub fn of_waid(plan: &Plan, rate: u32, partitions: Partitions) -> Result<Latency> {
    let inputs = Inputs::create();
    let waid = Waid::create(&inputs, plan.threads, partitions, "")?;
    let outputs = OUTPUTS.map(|name| waid.topic(name)).into();
    let (subject, ways) = (waid.start()?, Ways { group: waid.group.clone(), between: vec![waid.topic("repartition")], outputs });
    let who = match partitions {
        Partitions::Roomy => Who::Waid,
        Partitions::Fewest => Who::Fewest,
    };
    let latency = measure(plan, rate, &inputs, &subject, &ways, who)?;
    subject.stop()?;
    Ok(latency)
}

/// How long as many copies one after the other take as waid has transactions from most inputs to what follows from them.
pub fn of_copies(plan: &Plan, rate: u32) -> Result<Latency> {
    let inputs = Inputs::create();
    let task = Task::create(&inputs, plan.threads, HOPS);
    let (subject, ways) = (task.start(plan.copy_arguments)?, Ways { group: task.group, between: task.between, outputs: vec![task.output] });
    measure(plan, rate, &inputs, &subject, &ways, Who::Copy)
}

/// Between the inputs and who reads the outputs.
struct Ways {
    group: String,
    between: Vec<String>,
    outputs: Vec<String>,
}

fn measure(plan: &Plan, rate: u32, inputs: &Inputs, subject: &Subject, ways: &Ways, who: Who) -> Result<Latency> {
    let progress = Progress::of(&ways.group, subject)?;
    let mut traffic = traffic::steady(rate, plan.warm_up + plan.latency)?;
    let mut feeder = Feeder::start(inputs, LINGER)?;
    for (index, input) in traffic.by_ref().take(FIRST).enumerate() {
        feeder.send(&input, index, traffic::now_ms())?;
    }
    let first: Vec<Place> = feeder.finish()?.into_iter().map(|(_, place)| place).collect();
    progress.wait_for(&ends(&inputs.topics())?)?;

    let all_said = OnceLock::new();
    thread::scope(|scope| {
        let listener = scope.spawn(|| listen(&ways.outputs, inputs, &all_said));
        let spoken = speak(plan, rate, traffic, &mut feeder, subject).and_then(|spoken| {
            progress.wait_for(&ends(&inputs.topics())?)?;
            for topic in &ways.between {
                progress.wait_for_rest(topic)?;
            }
            Ok((spoken, last_of(&ways.outputs)?))
        });
        // Without an end, who listens would listen for ever.
        all_said.get_or_init(|| spoken.as_ref().map(|(_, last)| last.clone()).unwrap_or_default());
        let heard = listener.join().map_err(|_| anyhow!("the listener panicked"))??;
        let ((schedule, sent), _) = spoken?;
        summary(plan, schedule, &sent, &first, &heard, who)
    })
}

/// Sends all inputs as they are due.
fn speak(
    plan: &Plan,
    rate: u32,
    traffic: impl Iterator<Item = Input>,
    feeder: &mut Feeder<'_>,
    subject: &Subject,
) -> Result<(Schedule, Sent)> {
    let schedule = Schedule { begin: Instant::now(), rate };
    let (before, broker_before, own_before) = (subject.usage()?, broker_cpu_seconds(), Usage::of(process::id())?);
    let count = schedule.inputs(plan.warm_up + plan.latency);
    let mut late_max = Duration::ZERO;
    for (index, input) in traffic.take(count).enumerate() {
        let late = schedule.wait_for(index, feeder);
        if schedule.begin.elapsed() >= plan.warm_up {
            late_max = late_max.max(late);
        }
        feeder.send(&input, index, traffic::now_ms())?;
    }
    let placed = feeder.finish()?;
    let elapsed = schedule.begin.elapsed().as_secs_f64();
    let percent = |before: f64, after: f64| (after - before) / elapsed * 100.0;
    let core_percent = percent(before.cpu_seconds, subject.usage()?.cpu_seconds);
    let broker_core_percent = broker_before.zip(broker_cpu_seconds()).map(|(before, after)| percent(before, after));
    let own_core_percent = percent(own_before.cpu_seconds, Usage::of(process::id())?.cpu_seconds);
    if placed.len() != count {
        bail!("the simulated world made {} inputs instead of {count}", placed.len());
    }
    Ok((schedule, Sent { late_max, core_percent, broker_core_percent, own_core_percent, placed }))
}

impl Schedule {
    fn due(self, index: usize) -> Instant {
        self.begin + Duration::from_nanos(index as u64 * 1_000_000_000 / u64::from(self.rate))
    }

    /// How many are due within so long.
    fn inputs(self, within: Duration) -> usize {
        (within.as_millis() * u128::from(self.rate) / 1000).try_into().expect("far fewer")
    }

    /// Waits until an input is due; how late that is.
    fn wait_for(self, index: usize, feeder: &Feeder<'_>) -> Duration {
        let due = self.due(index);
        loop {
            let now = Instant::now();
            if now >= due {
                return now - due;
            }
            feeder.serve();
            let [least, most] = NAP;
            thread::sleep((due - now).clamp(least, most));
        }
    }
}

fn last_of(topics: &[String]) -> Result<Offsets> {
    let mut last = Offsets::new();
    for topic in topics {
        last.extend(last_records(topic)?);
    }
    Ok(last)
}

fn summary(plan: &Plan, schedule: Schedule, sent: &Sent, first: &[Place], heard: &[Heard], who: Who) -> Result<Latency> {
    let indexes: HashMap<Place, Option<usize>> =
        sent.placed.iter().map(|(index, place)| (*place, Some(*index))).chain(first.iter().map(|place| (*place, None))).collect();
    let counted_from = schedule.inputs(plan.warm_up);
    let mut waits = Vec::with_capacity(heard.len());
    for Heard { cause, at } in heard {
        let index = indexes.get(cause).context("an output names an input that was never sent")?;
        if let Some(index) = index.filter(|index| *index >= counted_from) {
            waits.push(at.saturating_duration_since(schedule.due(index)));
        }
    }
    waits.sort_unstable();
    let at = |percent: usize| waits.get((waits.len() * percent).div_ceil(100).saturating_sub(1)).map(|wait| wait.as_secs_f64() * 1000.0);
    let quantile = |percent| at(percent).context("no output was caused by an input whose latency counts");
    Ok(Latency {
        who,
        rate: schedule.rate,
        inputs: sent.placed.len() - counted_from,
        outputs: waits.len(),
        p50_ms: quantile(50)?,
        p95_ms: quantile(95)?,
        p99_ms: quantile(99)?,
        max_ms: quantile(100)?,
        sender_late_max_ms: sent.late_max.as_secs_f64() * 1000.0,
        core_percent: sent.core_percent,
        broker_core_percent: sent.broker_core_percent,
        own_core_percent: sent.own_core_percent,
    })
}
