//! One input, and what is held against it.

use super::target::Target;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

/// What an input may take for each 100 KB begun, in a debug build.
const TIME_MAX: Duration = Duration::from_millis(50);
const TIME_PER_BYTES: usize = 100_000;
/// How often an input that took longer is timed again, since it may have been the machine.
const RETRIES: usize = 5;

/// What an input may take in memory at once: so much, and so many times its size.
const BYTES_MAX: u64 = 256 * 1024;
const BLOWUP_MAX: u64 = 100;
/// Above this the size of an input is what tells its blow-up.
const SIZE_THAT_TELLS: usize = 1024;

/// What came of an input.
#[derive(Default)]
pub struct Trial {
    /// What it is to whoever wants to know whether something new was met.
    pub outcome: String,
    /// Whether anything of it was used.
    pub accepted: bool,
    /// How long it took.
    pub time: Duration,
    /// What it took in memory at once.
    pub bytes: u64,
    /// The same for each byte of a large input.
    pub blowup: f64,
}

/// Tries an input. Panics, saying where the input was put, if it does any harm.
pub fn run(target: &mut Target, input: &[u8]) -> Trial {
    let (mut trial, digest) = once(target, input);
    let allowed = TIME_MAX * u32::try_from(input.len() / TIME_PER_BYTES + 1).expect("small");
    for _ in 0..RETRIES {
        if trial.time > allowed {
            trial.time = trial.time.min(once(target, input).0.time);
        }
    }
    if trial.time > allowed {
        fail(target, input, &format!("took {:?}, more than {allowed:?}", trial.time));
    }
    let bytes_max = BYTES_MAX + BLOWUP_MAX * u64::try_from(input.len()).expect("small");
    if trial.bytes > bytes_max {
        fail(target, input, &format!("took {} bytes of memory, more than {bytes_max}", trial.bytes));
    }
    let (again, digest_again) = once(target, input);
    if (&again.outcome, digest_again) != (&trial.outcome, digest) {
        fail(target, input, &format!("came to {} and then to {}", trial.outcome, again.outcome));
    }
    trial
}

/// Runs an input; the trial, and all that came of it as a number.
fn once(target: &mut Target, input: &[u8]) -> (Trial, u64) {
    let mut came = None;
    let (began, on_cpu) = (Instant::now(), time_on_cpu());
    let memory = allocation_counter::measure(|| came = catch_unwind(AssertUnwindSafe(|| (target.run)(input))).ok());
    // A thread that had to wait for others is no slow one. The kernel counts in ticks, so the less of the two is nearer.
    let time = on_cpu.zip(time_on_cpu()).map_or(Duration::MAX, |(before, after)| after.saturating_sub(before)).min(began.elapsed());
    let Some(came) = came else { fail(target, input, "panicked") };
    #[allow(clippy::cast_precision_loss, reason = "to be read by people")]
    let blowup = if input.len() >= SIZE_THAT_TELLS { memory.bytes_max as f64 / input.len() as f64 } else { 0.0 };
    (Trial { outcome: came.outcome, accepted: came.accepted, time, bytes: memory.bytes_max, blowup }, came.digest)
}

/// How long this thread has run so far, where the system says (Linux: `/proc/thread-self/schedstat`, its first number, ns).
fn time_on_cpu() -> Option<Duration> {
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

fn fail(target: &Target, input: &[u8], why: &str) -> ! {
    const SHOWN_MAX: usize = 2_000;
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{}.bin", target.name));
    fs::write(&path, input).expect("a directory of the build");
    let shown = input[..input.len().min(SHOWN_MAX)].escape_ascii();
    panic!("{}: an input of {} bytes {why}. It is in {}:\n{shown}", target.name, input.len(), path.display());
}
