//! The numbers, as a table for people and as JSON for programs.

use std::fmt::{self, Display, Formatter};
use std::fs;
use std::thread;

use serde::Serialize;

/// All that was measured.
#[derive(Serialize)]
pub struct Report {
    /// The machine before.
    pub before: Machine,
    /// The machine after.
    pub after: Machine,
    /// Threads of waid, and of the copy.
    pub threads: usize,
    /// How many inputs were processed at once.
    pub inputs: u32,
    /// Bytes of their values.
    pub bytes: u64,
    /// Each time that they were, in order.
    pub passes: Vec<Pass>,
    /// waid against the copy.
    pub ratios: Ratios,
    /// Steady traffic.
    pub latencies: Vec<Latency>,
    /// No traffic.
    pub idle: Idle,
    /// After a kill, of the last round.
    pub restart: Restart,
}

/// What else the machine has to do.
#[derive(Serialize)]
pub struct Machine {
    /// Its cores.
    pub cores: usize,
    /// How many threads wanted one in the last minute, on average.
    pub load: Option<f64>,
}

/// Who processes.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Who {
    /// `waid run`.
    Waid,
    /// The same with as few partitions as its threads allow.
    Fewest,
    /// The bare copy.
    Copy,
}

/// All inputs at once.
#[derive(Serialize)]
pub struct Pass {
    /// Who.
    pub who: Who,
    /// From the start of the process until everything was committed, s.
    pub wall_seconds: f64,
    /// Of these, those until the first commit was seen.
    pub before_first_commit_seconds: f64,
    /// How many inputs a second of that.
    pub inputs_per_second: f64,
    /// User and system time, s.
    pub cpu_seconds: f64,
    /// How many inputs a second of that.
    pub inputs_per_cpu_second: f64,
    /// The most memory that was resident at once, MiB.
    pub peak_mib: f64,
    /// User and system time of the broker meanwhile, s; none if it was not started here.
    pub broker_cpu_seconds: Option<f64>,
    /// Where the results are.
    #[serde(skip)]
    #[allow(dead_code)] // The test of the benchmark counts them.
    pub outputs: Vec<String>,
}

/// Means of waid's passes over means of the copy's.
#[derive(Serialize)]
pub struct Ratios {
    /// Of inputs per second.
    pub inputs_per_second: f64,
    /// Of inputs per CPU second.
    pub inputs_per_cpu_second: f64,
    /// Of the most memory.
    pub peak_mib: f64,
}

/// Steady traffic.
#[derive(Serialize)]
pub struct Latency {
    /// Whose.
    pub who: Who,
    /// Inputs per second.
    pub rate: u32,
    /// How many inputs counted.
    pub inputs: usize,
    /// How many outputs they caused.
    pub outputs: usize,
    /// From when an input was due until a reader had an output that it caused, ms: half of them.
    pub p50_ms: f64,
    /// 95 %.
    pub p95_ms: f64,
    /// 99 %.
    pub p99_ms: f64,
    /// All.
    pub max_ms: f64,
    /// How late the benchmark itself sent an input at most, ms. It is part of the others.
    pub sender_late_max_ms: f64,
    /// How busy the process was, in percent of a core.
    pub core_percent: f64,
    /// How busy the broker was, in percent of a core; none if it was not started here.
    pub broker_core_percent: Option<f64>,
    /// How busy the benchmark itself was, with sending and reading, in percent of a core.
    pub own_core_percent: f64,
}

/// After a kill.
#[derive(Serialize)]
pub struct Restart {
    /// Rows of state that all tasks had.
    pub rows: u64,
    /// From the start of the process until all tasks worked, s: joining the group and settling what was left open included.
    pub seconds: f64,
}

/// No traffic.
#[derive(Serialize)]
pub struct Idle {
    /// How long.
    pub seconds: f64,
    /// How busy waid was, in percent of a core.
    pub core_percent: f64,
}

impl Machine {
    /// As it is now.
    pub fn now() -> Self {
        let load = fs::read_to_string("/proc/loadavg").ok().and_then(|text| text.split(' ').next()?.parse().ok());
        Self { cores: thread::available_parallelism().map_or(1, usize::from), load }
    }
}

impl Ratios {
    /// Of these passes.
    pub fn of(passes: &[Pass]) -> Self {
        let ratio = |figure: &dyn Fn(&Pass) -> f64| mean(passes, Who::Waid, figure) / mean(passes, Who::Copy, figure);
        Self {
            inputs_per_second: ratio(&|pass| pass.inputs_per_second),
            inputs_per_cpu_second: ratio(&|pass| pass.inputs_per_cpu_second),
            peak_mib: ratio(&|pass| pass.peak_mib),
        }
    }
}

fn mean(passes: &[Pass], who: Who, figure: &dyn Fn(&Pass) -> f64) -> f64 {
    let (sum, count) =
        passes.iter().filter(|pass| pass.who == who).map(figure).fold((0.0, 0.0), |(sum, count), figure| (sum + figure, count + 1.0));
    sum / count
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { before, after, threads, inputs, bytes, passes, ratios, latencies, idle, restart } = self;
        writeln!(
            f,
            "{inputs} inputs of {} bytes on average, {threads} threads each; {before} before, {after} after",
            bytes / u64::from(*inputs)
        )?;
        writeln!(f, "\nall at once     wall s   start s     inputs/s      CPU s   inputs/CPU s   CPU us/input   peak MiB   broker CPU s")?;
        passes.iter().try_for_each(|pass| writeln!(f, "{pass}"))?;
        writeln!(f, "{ratios}")?;
        writeln!(
            f,
            "\nlatency, ms                    p50       p95       p99       max   outputs   sender late at most   % of a core   broker, %   sender and reader, %"
        )?;
        latencies.iter().try_for_each(|latency| writeln!(f, "{latency}"))?;
        writeln!(f, "\nidle: {:.1} % of a core over {:.0} s", idle.core_percent, idle.seconds)?;
        write!(f, "killed and started again: all tasks work after {:.1} s, with {} rows of state", restart.seconds, restart.rows)
    }
}

impl Display for Who {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Waid => "waid run",
            Self::Fewest => "fewest partitions",
            Self::Copy => "bare copy",
        })
    }
}

impl Display for Machine {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} cores with a load of {}", self.cores, self.load.map_or("?".to_owned(), |load| load.to_string()))
    }
}

impl Display for Pass {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { wall_seconds, before_first_commit_seconds, inputs_per_second, cpu_seconds, inputs_per_cpu_second, .. } = self;
        let (who, broker) = (self.who.to_string(), or_dash(self.broker_cpu_seconds));
        let (micros, peak) = (1_000_000.0 / inputs_per_cpu_second, self.peak_mib);
        write!(
            f,
            "{who:12}{wall_seconds:10.2}{before_first_commit_seconds:10.2}{inputs_per_second:13.0}{cpu_seconds:11.2}{inputs_per_cpu_second:15.0}{micros:15.2}{peak:11.0}{broker:>15}"
        )
    }
}

impl Display for Ratios {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { inputs_per_second, inputs_per_cpu_second, peak_mib } = self;
        let cost = 1.0 / inputs_per_cpu_second;
        write!(f, "{:32}{inputs_per_second:13.3}{:11}{inputs_per_cpu_second:15.3}{cost:15.2}{peak_mib:11.2}", "waid / copy, of means", "")
    }
}

impl Display for Latency {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { who, rate, outputs, p50_ms, p95_ms, p99_ms, max_ms, sender_late_max_ms, core_percent, own_core_percent, .. } = self;
        let (who, broker) = (format!("{who}, {rate}/s"), or_dash(self.broker_core_percent));
        write!(
            f,
            "{who:26}{p50_ms:9.1}{p95_ms:10.1}{p99_ms:10.1}{max_ms:10.1}{outputs:10}{sender_late_max_ms:22.1}{core_percent:14.1}{broker:>12}{own_core_percent:23.1}"
        )
    }
}

fn or_dash(figure: Option<f64>) -> String {
    figure.map_or("-".to_owned(), |figure| format!("{figure:.1}"))
}
