//! Keeps a process's workers going: starts them, builds them anew when they fail, watches them, and stops them.

use super::broker::BrokerError;
use super::crew::{Crew, Post};
use super::failures::Failures;
use super::vitals::Progress;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use thiserror::Error;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Interval, MissedTickBehavior, interval};
use tracing::{error, info, warn};

/// How long things may take, and how much there may be of them.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How often a worker may fail without having committed a record in between, or for the same cause at the same place.
    pub failures_max: u32,
    /// The pause after the first failure; it doubles with each one that follows.
    pub pause_first: Duration,
    /// The longest pause.
    pub pause_max: Duration,
    /// How long a call that cannot be cancelled may last. After that only the end of the process helps.
    pub call_max: Duration,
    /// How long the workers may take to commit and leave the group when they are told to stop.
    pub stop_max: Duration,
    /// How many bytes of state this process should hold; more are told of.
    pub state_bytes_max: u64,
}

/// Why the workers ended although nobody told them to.
#[derive(Debug, Error)]
pub enum SupervisorError {
    /// A worker kept failing.
    #[error("worker {thread} failed {failures} times and gets no further; the last time: {reason}")]
    Worker {
        /// Which one.
        thread: usize,
        /// How often.
        failures: u32,
        /// Its last failure.
        reason: BrokerError,
    },
    /// A worker that was told to stop could not end its work.
    #[error("worker {thread} was told to stop and failed: {reason}. What it had not committed is done again at the next start")]
    Stop {
        /// Which one.
        thread: usize,
        /// Its failure.
        reason: BrokerError,
    },
    /// Signals or threads are not to be had.
    #[error("the operating system refuses what the workers need")]
    System(#[from] std::io::Error),
}

/// How often the calls under way are looked at, and how many of these looks come between two lines of progress.
const LOOK: Duration = Duration::from_secs(1);
const LOOKS_BETWEEN_LINES: u32 = 10;

/// How soon a worker that waits to be built anew notices that it is to stop.
const NAP: Duration = Duration::from_millis(20);

impl Default for Bounds {
    fn default() -> Self {
        Self {
            failures_max: 6,
            pause_first: Duration::from_millis(250),
            pause_max: Duration::from_secs(10),
            call_max: 3 * super::kafka::TRANSACTION_TIMEOUT,
            stop_max: Duration::from_secs(30),
            state_bytes_max: u64::MAX,
        }
    }
}

/// The signals that tell the process to stop, by their names, as they come.
pub type Signals = UnboundedReceiver<&'static str>;

/// Runs `work` at each post, in a thread of its own, until a signal; a second one ends the process at once. `work` runs one worker until it fails or is
/// told to stop, and is called again when it failed.
pub fn supervise(
    crew: &Crew,
    bounds: Bounds,
    signals: Signals,
    work: impl Fn(&Post) -> Result<(), BrokerError> + Sync,
) -> Result<(), SupervisorError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let (report, ends) = unbounded_channel();
    thread::scope(|scope| {
        // Also when the supervisor ends by a defect of its own: the scope waits for them.
        let _stop = StopAtEnd(crew);
        for post in crew.posts() {
            let (report, work) = (report.clone(), &work);
            let attend = move || {
                // The supervisor listens until every thread has ended.
                let _ = report.send(attend(post, bounds, work));
            };
            thread::Builder::new().name(format!("worker-{}", post.thread)).spawn_scoped(scope, attend).inspect_err(|_| set(crew.stop()))?;
        }
        drop(report);
        let watch = Watch { crew, bounds, stopping: None, told: (Instant::now(), 0) };
        runtime.block_on(watch.run(ends, signals))
    })
}

/// Tells the workers to stop.
struct StopAtEnd<'a>(&'a Crew);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        set(self.0.stop());
    }
}

/// Builds the worker of one thread again and again, until it stops or has failed too often.
fn attend(post: &Post, bounds: Bounds, work: impl Fn(&Post) -> Result<(), BrokerError>) -> Result<(), SupervisorError> {
    let thread = post.thread;
    let (mut known, mut committed) = (Failures::default(), post.vitals.progress().records);
    loop {
        post.vitals.beat(Instant::now());
        let worked = catch_unwind(AssertUnwindSafe(|| work(post))).unwrap_or_else(|panic| Err(broken(panic.as_ref())));
        post.vitals.gone();
        let reason = match worked {
            Ok(()) | Err(BrokerError::Stopped) => return Ok(()),
            // It had not begun.
            Err(BrokerError::Unreachable(_)) if post.stop.load(Ordering::Relaxed) => return Ok(()),
            Err(reason) if post.stop.load(Ordering::Relaxed) => return Err(SupervisorError::Stop { thread, reason }),
            Err(reason) => reason,
        };
        post.vitals.hindered(&reason.to_string());
        // That is no failure of the worker's: it may last as long as the brokers are away.
        if let BrokerError::Unreachable(why) = &reason {
            post.vitals.rebuilt();
            warn!(thread, %why, "no answer from kafka: waiting for one");
            if !rest(bounds.pause_first, &post.stop) {
                return Ok(());
            }
            continue;
        }
        let records = post.vitals.progress().records;
        let failures = known.count(&reason, records > committed, post.vitals.place());
        committed = records;
        if failures >= bounds.failures_max {
            return Err(SupervisorError::Worker { thread, failures, reason });
        }
        if matches!(reason, BrokerError::Aborted(_)) {
            post.vitals.ease();
        }
        let pause = bounds.pause_max.min(bounds.pause_first * 2_u32.saturating_pow(failures - 1));
        post.vitals.rebuilt();
        warn!(thread, failures, %reason, ?pause, "a worker failed and is built anew");
        if !rest(pause, &post.stop) {
            return Ok(());
        }
    }
}

/// Waits; whether that was not cut short.
fn rest(pause: Duration, stop: &AtomicBool) -> bool {
    let until = Instant::now() + pause;
    while Instant::now() < until {
        if stop.load(Ordering::Relaxed) {
            return false;
        }
        thread::sleep(NAP.min(pause));
    }
    true
}

/// A broken invariant. What the worker held is gone with it.
fn broken(panic: &(dyn Any + Send)) -> BrokerError {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    BrokerError::Fatal(format!("a defect: {}", text.unwrap_or("no message")))
}

fn set(stop: &AtomicBool) {
    stop.store(true, Ordering::Relaxed);
}

/// What the main thread does meanwhile.
struct Watch<'a> {
    crew: &'a Crew,
    bounds: Bounds,
    /// Since when the workers are told to stop.
    stopping: Option<Instant>,
    /// When progress was last told, and how many records there were.
    told: (Instant, u64),
}

impl Watch<'_> {
    /// Until every worker has ended: how the first that failed did.
    async fn run(mut self, mut ends: UnboundedReceiver<Result<(), SupervisorError>>, mut signals: Signals) -> Result<(), SupervisorError> {
        let mut looks = looks();
        let (mut count, mut outcome) = (0_u32, Ok(()));
        loop {
            tokio::select! {
                Some(signal) = signals.recv() => self.on_signal(signal),
                ended = ends.recv() => match ended {
                    Some(Ok(())) => {}
                    Some(Err(error)) => {
                        self.stop_workers();
                        outcome = outcome.and(Err(error));
                    }
                    None => return outcome,
                },
                _ = looks.tick() => {
                    count += 1;
                    self.look();
                    if count.is_multiple_of(LOOKS_BETWEEN_LINES) {
                        self.tell_progress();
                    }
                }
            }
        }
    }

    fn on_signal(&mut self, signal: &'static str) {
        if self.stopping.is_some() {
            error!(signal, "told to stop twice, leaving at once; what was not committed is done again at the next start");
            std::process::exit(1);
        }
        info!(signal, "stopping: committing and leaving the group");
        self.stop_workers();
    }

    fn stop_workers(&mut self) {
        self.stopping.get_or_insert_with(Instant::now);
        set(self.crew.stop());
    }

    /// Nothing inside the process can end a call that hangs, so the process ends; the next one takes over.
    fn look(&self) {
        self.crew.look();
        for post in self.crew.posts() {
            let Some((call, lasted)) = post.vitals.in_call().filter(|(_, lasted)| *lasted > self.bounds.call_max) else { continue };
            error!(thread = post.thread, call, ?lasted, "a call to kafka does not return; leaving, so that another process can take over");
            std::process::exit(1);
        }
        if self.stopping.is_some_and(|since| since.elapsed() > self.bounds.stop_max) {
            error!(after = ?self.bounds.stop_max, "the workers do not stop; leaving, what was not committed is done again at the next start");
            std::process::exit(1);
        }
    }

    fn tell_progress(&mut self) {
        let all: Vec<Progress> = self.crew.posts().iter().map(|post| post.vitals.progress()).collect();
        let records: u64 = all.iter().map(|progress| progress.records).sum();
        let commits: u64 = all.iter().map(|progress| progress.commits).sum();
        let lag = all.iter().filter_map(|progress| progress.lag).reduce(|all, more| all + more);
        let commit_time: Duration = all.iter().map(|progress| progress.commit_time).sum();
        let (since, before) = std::mem::replace(&mut self.told, (Instant::now(), records));
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let per_second = (records - before) * 1000 / millis(since.elapsed()).max(1);
        let commit_ms = millis(commit_time) / commits.max(1);
        let state_bytes: u64 = self.crew.posts().iter().map(|post| post.vitals.known_state_bytes()).sum();
        info!(records, per_second, lag, commits, commit_ms, state_bytes, "progress");
        if state_bytes > self.bounds.state_bytes_max {
            warn!(
                state_bytes,
                "the state is larger than state.memory_max and is all in memory: add an instance, or give this one more memory and raise the limit"
            );
        }
    }
}

fn looks() -> Interval {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    looks
}

#[cfg(test)]
mod tests {
    use super::super::broker::Commit;
    use super::super::tally::Tally;
    use super::*;
    use crate::wire::packed::SourceTopic;
    use std::collections::BTreeMap;
    use std::sync::atomic::AtomicU32;

    fn impatient() -> Bounds {
        Bounds { failures_max: 4, pause_first: Duration::ZERO, ..Bounds::default() }
    }

    fn no_signals() -> Signals {
        unbounded_channel().1
    }

    fn one_record() -> Tally {
        Tally { read: [1, 0, 0, 0], ..Tally::default() }
    }

    fn failure() -> BrokerError {
        BrokerError::Aborted("a test".to_owned())
    }

    #[test]
    fn a_worker_that_only_fails_is_given_up_and_the_others_stop() {
        let calls = AtomicU32::new(0);
        let ended = supervise(&Crew::new(2), impatient(), no_signals(), |post| {
            if post.thread == 0 {
                calls.fetch_add(1, Ordering::Relaxed);
                return Err(failure());
            }
            while rest(Duration::from_mins(1), &post.stop) {}
            Ok(())
        });
        assert!(matches!(ended, Err(SupervisorError::Worker { thread: 0, failures: 4, .. })), "{ended:?}");
        assert_eq!(calls.load(Ordering::Relaxed), 4);
    }

    #[test]
    fn a_worker_without_brokers_waits_for_them() {
        let calls = AtomicU32::new(0);
        let ended = supervise(&Crew::new(1), impatient(), no_signals(), |_| match calls.fetch_add(1, Ordering::Relaxed) {
            20 => Ok(()),
            _ => Err(BrokerError::Unreachable("a test".to_owned())),
        });
        ended.expect("it ended by itself");
        assert_eq!(calls.load(Ordering::Relaxed), 21);
    }

    #[test]
    fn a_signal_stops_them_also_one_that_came_before_they_began() {
        let (tell, signals) = unbounded_channel();
        tell.send("SIGTERM").expect("somebody will listen");
        let ended = supervise(&Crew::new(2), impatient(), signals, |post| {
            while rest(Duration::from_mins(1), &post.stop) {}
            Ok(())
        });
        ended.expect("they were told to stop");
    }

    #[test]
    fn a_worker_that_gets_on_is_built_anew_as_often_as_it_takes() {
        let calls = AtomicU32::new(0);
        let ended = supervise(&Crew::new(1), impatient(), no_signals(), |post| match calls.fetch_add(1, Ordering::Relaxed) {
            20 => Ok(()),
            call if call % 3 == 0 => panic!("an invariant is broken"),
            _ => {
                post.vitals.committed(&one_record(), Duration::ZERO, &BTreeMap::new());
                Err(failure())
            }
        });
        ended.expect("it ended by itself");
        assert_eq!(calls.load(Ordering::Relaxed), 21);
    }

    #[test]
    fn a_worker_that_fails_at_the_same_record_is_given_up_though_others_of_its_partitions_get_on() {
        let (poisoned, healthy) = ((SourceTopic::Sends, 0), (SourceTopic::Sends, 1));
        let calls = AtomicU32::new(0);
        let ended = supervise(&Crew::new(1), impatient(), no_signals(), |post| {
            let call = calls.fetch_add(1, Ordering::Relaxed);
            assert!(call < 10, "it should have been given up");
            let committed = Commit { offset: call.into(), account: String::new() };
            post.vitals.committed(&one_record(), Duration::ZERO, &BTreeMap::from([(healthy, committed)]));
            post.vitals.takes(poisoned);
            panic!("at this record");
        });
        assert!(matches!(ended, Err(SupervisorError::Worker { failures: 4, .. })), "{ended:?}");
    }

    #[test]
    fn a_worker_that_fails_when_told_to_stop_is_not_done() {
        let ended = supervise(&Crew::new(1), impatient(), no_signals(), |post| {
            set(&post.stop);
            Err(failure())
        });
        assert!(matches!(ended, Err(SupervisorError::Stop { thread: 0, .. })), "{ended:?}");
        let ended = supervise(&Crew::new(1), impatient(), no_signals(), |post| {
            set(&post.stop);
            Err(BrokerError::Stopped)
        });
        ended.expect("it gave up nothing but a wait");
        let ended = supervise(&Crew::new(1), impatient(), no_signals(), |post| {
            set(&post.stop);
            Err(BrokerError::Unreachable("a test".to_owned()))
        });
        ended.expect("it had not begun");
    }
}
