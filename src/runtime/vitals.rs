//! What others see of a worker: how far it has come, what it holds, and whether it is stuck. Its thread writes, others read,
//! and nobody waits.

use super::broker::{Commit, Source};
use super::durations::Durations;
use super::names::Names;
use super::reading::Reading;
use super::tally::Tally;
use crate::domain::event::Reason;
use crate::domain::state::RowKind;
use crate::wire::packed::SourceTopic;
use crate::wire::record::Topic;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What a gauge says that nobody has set.
const UNKNOWN: i64 = i64::MIN;

/// Counters and gauges of one worker thread, which outlive the workers that it builds one after another.
#[derive(Debug)]
pub struct Vitals {
    origin: Instant,
    /// The call that is under way, and since when.
    call: Mutex<Option<(&'static str, Instant)>>,
    /// When it last showed that it gets on, µs after `origin`; 0 is never.
    beat_micros: AtomicU64,
    /// When a record last took very long, likewise.
    slow_micros: AtomicU64,
    member: AtomicBool,
    /// Why it is not a member, as far as it was told.
    hindrance: Mutex<Option<String>>,
    /// Why inputs are not read, as far as it is known.
    unread: Mutex<Option<String>>,
    assigned: AtomicUsize,
    restoring: AtomicUsize,
    inputs_paused: AtomicUsize,
    rebuilds: AtomicU64,
    read: [AtomicU64; SourceTopic::ALL.len()],
    elements: AtomicU64,
    events: AtomicU64,
    duplicates: AtomicU64,
    repeated: AtomicU64,
    unmatched: AtomicU64,
    far: AtomicU64,
    stale: AtomicU64,
    circle_facts_max: AtomicI64,
    published: [AtomicU64; Topic::ALL.len()],
    dead_letters: [AtomicU64; Reason::ALL.len()],
    ignored: Names,
    commits: Durations,
    failed: AtomicU64,
    watermark_ms: AtomicI64,
    checkpoint_ms: AtomicI64,
    rows: [AtomicI64; RowKind::ALL.len()],
    state_bytes: AtomicI64,
    ledger: Mutex<Ledger>,
    reads: Mutex<Reads>,
    /// How many times transactions were made smaller, and how many were committed since that changed.
    eased: AtomicU32,
    since_eased: AtomicU32,
}

/// Where a worker stands when something fails: the partitions at hand, each with the offset committed for it.
pub type Place = BTreeMap<Source, Option<i64>>;

#[derive(Debug, Default)]
struct Ledger {
    committed: BTreeMap<Source, i64>,
    /// What a failure now would be about: the partition of the last record, or those of the commit under way.
    at_hand: Vec<Source>,
}

/// How far partitions were read.
#[derive(Debug, Default)]
struct Reads {
    /// The Kafka timestamp of the record read last, or when all had been read; before that, when it was first seen that there are some, ms.
    read_ms: BTreeMap<Source, i64>,
    /// How many records are still to be read.
    unread: BTreeMap<Source, i64>,
}

/// How far a worker has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Records taken in and committed.
    pub records: u64,
    /// Transactions committed.
    pub commits: u64,
    /// How long these took, all together.
    pub commit_time: Duration,
    /// Input records that its partitions still hold for it, as far as it knows.
    pub lag: Option<i64>,
}

/// A call that cannot be cancelled, as long as this lives.
pub struct Call<'a>(&'a Vitals);

/// A commit under way. Dropped before it is done, it counts as failed.
pub struct Committing<'a> {
    vitals: &'a Vitals,
    began: Instant,
    done: bool,
}

impl Default for Vitals {
    fn default() -> Self {
        Self {
            origin: Instant::now(),
            call: Mutex::default(),
            ledger: Mutex::default(),
            reads: Mutex::default(),
            eased: AtomicU32::new(0),
            since_eased: AtomicU32::new(0),
            beat_micros: AtomicU64::new(0),
            slow_micros: AtomicU64::new(0),
            member: AtomicBool::new(false),
            hindrance: Mutex::default(),
            unread: Mutex::default(),
            assigned: AtomicUsize::new(0),
            restoring: AtomicUsize::new(0),
            inputs_paused: AtomicUsize::new(0),
            rebuilds: AtomicU64::new(0),
            read: counters(),
            elements: AtomicU64::new(0),
            events: AtomicU64::new(0),
            duplicates: AtomicU64::new(0),
            repeated: AtomicU64::new(0),
            unmatched: AtomicU64::new(0),
            far: AtomicU64::new(0),
            stale: AtomicU64::new(0),
            circle_facts_max: AtomicI64::new(UNKNOWN),
            published: counters(),
            dead_letters: counters(),
            ignored: Names::default(),
            commits: Durations::default(),
            failed: AtomicU64::new(0),
            watermark_ms: AtomicI64::new(UNKNOWN),
            checkpoint_ms: AtomicI64::new(UNKNOWN),
            rows: gauges(),
            state_bytes: AtomicI64::new(UNKNOWN),
        }
    }
}

/// What the worker's thread tells.
impl Vitals {
    /// How many times transactions are made smaller at most, and after how many commits larger again.
    const EASED_MAX: u32 = 6;
    const EASED_FOR: u32 = 100;

    /// Notes that a call begins which cannot be cancelled; `what` it does, for the log.
    pub fn call(&self, what: &'static str) -> Call<'_> {
        self.set_call(Some((what, Instant::now())));
        Call(self)
    }

    /// Notes that the worker gets on: at each turn, whether there was anything to do or not.
    pub fn beat(&self, now: Instant) {
        self.beat_micros.store(self.micros(now), Ordering::Relaxed);
    }

    /// Notes that a record has just taken very long.
    pub fn was_slow(&self) {
        self.slow_micros.store(self.micros(Instant::now()), Ordering::Relaxed);
    }

    /// Whether one did so short a time ago, for this worker or one before it.
    pub fn was_slow_within(&self, short: Duration) -> bool {
        self.since(&self.slow_micros).is_some_and(|since| since < short)
    }

    /// Notes that the worker is a member of its group, although it may have no partitions.
    pub fn joined(&self) {
        self.member.store(true, Ordering::Relaxed);
        *lock(&self.hindrance) = None;
    }

    /// Notes what keeps the worker from being a member of its group; whether that is another reason than before.
    pub fn hindered(&self, reason: &str) -> bool {
        let mut hindrance = lock(&self.hindrance);
        let is_new = hindrance.as_deref() != Some(reason);
        *hindrance = Some(reason.to_owned());
        is_new
    }

    /// Notes that the group has thrown it out.
    pub fn was_lost(&self) {
        self.member.store(false, Ordering::Relaxed);
    }

    /// Notes why inputs are not read, or that they are; whether that is another reason than before.
    pub fn inputs_unread(&self, reason: Option<String>) -> bool {
        let mut unread = lock(&self.unread);
        let is_new = reason.is_some() && *unread != reason;
        *unread = reason;
        is_new
    }

    /// Notes how many tasks the worker has, and how many of these do not have their state back yet.
    pub fn tasks(&self, assigned: usize, restoring: usize) {
        self.restoring.store(restoring, Ordering::Relaxed);
        self.assigned.store(assigned, Ordering::Relaxed);
    }

    /// Notes that so many tasks were just given, without their state.
    pub fn given(&self, tasks: usize) {
        self.restoring.fetch_add(tasks, Ordering::Relaxed);
        self.assigned.fetch_add(tasks, Ordering::Relaxed);
        self.joined();
    }

    /// Notes how many input partitions wait until tasks are less far behind.
    pub fn inputs_paused(&self, partitions: usize) {
        self.inputs_paused.store(partitions, Ordering::Relaxed);
    }

    /// Notes that the worker failed and another takes its place, which holds nothing yet.
    pub fn rebuilt(&self) {
        self.inputs_paused(0);
        self.inputs_unread(None);
        self.rebuilds.fetch_add(1, Ordering::Relaxed);
        self.member.store(false, Ordering::Relaxed);
        self.tasks(0, 0);
        self.reads().unread.clear();
        self.rows.iter().for_each(|rows| rows.store(UNKNOWN, Ordering::Relaxed));
        self.state_bytes.store(UNKNOWN, Ordering::Relaxed);
        self.watermark_ms(None);
        self.checkpointed(None);
    }

    /// Notes that the worker gives up its clients, which is a call as well: it ends when the worker is [`Vitals::gone`].
    pub fn leaves(&self) {
        std::mem::forget(self.call("closing the clients"));
    }

    /// Notes that nothing is left of the worker.
    pub fn gone(&self) {
        self.set_call(None);
    }

    fn set_call(&self, call: Option<(&'static str, Instant)>) {
        *lock(&self.call) = call;
    }

    /// Notes that a record of this partition is taken.
    pub fn takes(&self, source: Source) {
        let at_hand = &mut self.ledger().at_hand;
        at_hand.clear();
        at_hand.push(source);
    }

    /// Notes that these offsets are going to be committed. Those that are committed already are not what it is about.
    pub fn commits(&self, offsets: &BTreeMap<Source, Commit>) {
        let Ledger { committed, at_hand } = &mut *self.ledger();
        at_hand.clear();
        at_hand.extend(offsets.iter().filter(|(source, commit)| committed.get(source) != Some(&commit.offset)).map(|(source, _)| *source));
    }

    /// Where it stands.
    pub fn place(&self) -> Place {
        let ledger = self.ledger();
        ledger.at_hand.iter().map(|source| (*source, ledger.committed.get(source).copied())).collect()
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }

    fn reads(&self) -> MutexGuard<'_, Reads> {
        lock(&self.reads)
    }

    /// Begins a commit.
    pub fn commit(&self) -> Committing<'_> {
        Committing { vitals: self, began: Instant::now(), done: false }
    }

    /// A transaction failed: perhaps it was more than the brokers take in its time, as with a quota. Those that follow are smaller.
    pub fn ease(&self) {
        self.eased.store((self.eased() + 1).min(Self::EASED_MAX), Ordering::Relaxed);
        self.since_eased.store(0, Ordering::Relaxed);
    }

    /// How many times transactions were made smaller.
    pub fn eased(&self) -> u32 {
        self.eased.load(Ordering::Relaxed)
    }

    fn tighten(&self) {
        if self.eased() > 0 && self.since_eased.fetch_add(1, Ordering::Relaxed) + 1 >= Self::EASED_FOR {
            self.eased.fetch_sub(1, Ordering::Relaxed);
            self.since_eased.store(0, Ordering::Relaxed);
        }
    }

    /// Notes a commit of all this, up to these offsets, which took so long.
    pub fn committed(&self, tally: &Tally, took: Duration, offsets: &BTreeMap<Source, Commit>) {
        self.tighten();
        let mut ledger = self.ledger();
        ledger.committed.extend(offsets.iter().map(|(source, commit)| (*source, commit.offset)));
        ledger.at_hand.clear();
        add(&self.read, &tally.read);
        self.reads().read_ms.extend(&tally.read_ms);
        for (counter, more) in [
            (&self.elements, tally.elements),
            (&self.events, tally.events),
            (&self.duplicates, tally.duplicates),
            (&self.repeated, tally.repeated),
            (&self.unmatched, tally.unmatched),
            (&self.far, tally.far),
            (&self.stale, tally.stale),
        ] {
            counter.fetch_add(more, Ordering::Relaxed);
        }
        if let Some(facts) = tally.circle_facts_max {
            self.circle_facts_max.fetch_max(i64::try_from(facts).unwrap_or(i64::MAX), Ordering::Relaxed);
        }
        add(&self.published, &tally.published);
        add(&self.dead_letters, &tally.dead_letters);
        self.commits.add(took);
    }

    /// Notes events that are known and of no interest, by name.
    pub fn ignored(&self, fresh: &BTreeMap<&'static str, u64>) {
        for (name, count) in fresh {
            self.ignored.add(name, *count);
        }
    }

    /// Notes how many records of a topic are still to be read at `now_ms` of the wall clock, by this worker: of each of its partitions of which that
    /// is known.
    pub fn lags(&self, topic: SourceTopic, unread: BTreeMap<i32, i64>, now_ms: i64) {
        let reads = &mut *self.reads();
        reads.unread.retain(|source, _| source.0 != topic);
        reads.read_ms.retain(|source, _| source.0 != topic || unread.contains_key(&source.1));
        for (partition, records) in unread {
            reads.unread.insert((topic, partition), records);
            let read_ms = reads.read_ms.entry((topic, partition)).or_insert(now_ms);
            if records == 0 {
                *read_ms = now_ms;
            }
        }
    }

    /// Notes the least stream time of the worker's tasks, ms; `None` when there is none.
    pub fn watermark_ms(&self, least: Option<i64>) {
        self.watermark_ms.store(least.unwrap_or(UNKNOWN), Ordering::Relaxed);
    }

    /// Notes when the state of the worker's tasks was last in a checkpoint, that of the oldest, in wall-clock ms; `None` when
    /// it has no tasks.
    pub fn checkpointed(&self, oldest_ms: Option<i64>) {
        self.checkpoint_ms.store(oldest_ms.unwrap_or(UNKNOWN), Ordering::Relaxed);
    }

    /// Notes how many rows of a kind the worker's tasks hold.
    pub fn state_rows(&self, kind: RowKind, rows: usize) {
        self.rows[kind as usize].store(i64::try_from(rows).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// Notes how many bytes of state the worker's tasks hold.
    pub fn state_bytes(&self, bytes: u64) {
        self.state_bytes.store(i64::try_from(bytes).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// The bytes that were noted; 0 if none were.
    pub fn known_state_bytes(&self) -> u64 {
        known(&self.state_bytes).map_or(0, i64::unsigned_abs)
    }

    /// µs since the beginning, never 0.
    fn micros(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.origin).as_micros()).unwrap_or(u64::MAX).max(1)
    }
}

/// What others ask.
impl Vitals {
    /// What the call under way does, and how long it has lasted, if there is one.
    pub fn in_call(&self) -> Option<(&'static str, Duration)> {
        let call = *lock(&self.call);
        call.map(|(what, since)| (what, since.elapsed()))
    }

    /// How long ago the worker last showed that it gets on, if it ever did.
    pub fn silent_for(&self) -> Option<Duration> {
        self.since(&self.beat_micros)
    }

    /// Whether the worker is a member of its group.
    pub fn is_member(&self) -> bool {
        self.member.load(Ordering::Relaxed)
    }

    /// What keeps it from that, as far as it was told.
    pub fn hindrance(&self) -> Option<String> {
        lock(&self.hindrance).clone()
    }

    /// Why inputs are not read, as far as it is known.
    pub fn unread(&self) -> Option<String> {
        lock(&self.unread).clone()
    }

    /// How many of its tasks do not have their state back yet.
    pub fn restoring(&self) -> usize {
        self.restoring.load(Ordering::Relaxed)
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        let commits = self.commits.spread();
        let lag = [SourceTopic::Webhooks, SourceTopic::Sends].map(|topic| self.reads().lag(topic));
        Progress {
            records: self.read.iter().map(|count| count.load(Ordering::Relaxed)).sum(),
            commits: commits.count(),
            commit_time: commits.sum,
            lag: lag.into_iter().flatten().reduce(|all, more| all + more),
        }
    }

    /// Everything, as of `now_ms` of the wall clock.
    pub fn reading(&self, now_ms: i64) -> Reading {
        let (assigned, restoring) = (self.assigned.load(Ordering::Relaxed), self.restoring());
        let age = |gauge: &AtomicI64| known(gauge).map(|then_ms| (now_ms - then_ms).max(0));
        let mut ignored = BTreeMap::new();
        self.ignored.add_to(&mut ignored);
        Reading {
            live: assigned.saturating_sub(restoring),
            restoring,
            inputs_paused: self.inputs_paused.load(Ordering::Relaxed),
            rebuilds: self.rebuilds.load(Ordering::Relaxed),
            read: values(&self.read),
            lag: SourceTopic::ALL.map(|topic| self.reads().lag(topic)),
            lag_ms: SourceTopic::ALL.map(|topic| self.reads().lag_ms(topic, now_ms)),
            elements: self.elements.load(Ordering::Relaxed),
            events: self.events.load(Ordering::Relaxed),
            duplicates: self.duplicates.load(Ordering::Relaxed),
            repeated: self.repeated.load(Ordering::Relaxed),
            unmatched: self.unmatched.load(Ordering::Relaxed),
            far: self.far.load(Ordering::Relaxed),
            stale: self.stale.load(Ordering::Relaxed),
            circle_facts_max: known(&self.circle_facts_max),
            published: values(&self.published),
            dead_letters: values(&self.dead_letters),
            ignored,
            commits: self.commits.spread(),
            failed: self.failed.load(Ordering::Relaxed),
            watermark_lag_ms: age(&self.watermark_ms),
            checkpoint_age_ms: age(&self.checkpoint_ms),
            rows: self.rows.each_ref().map(known),
            state_bytes: known(&self.state_bytes),
        }
    }

    fn since(&self, micros: &AtomicU64) -> Option<Duration> {
        let then = micros.load(Ordering::Relaxed);
        (then > 0).then(|| self.origin.elapsed().saturating_sub(Duration::from_micros(then)))
    }
}

impl Reads {
    /// How many records of a topic are still to be read.
    fn lag(&self, topic: SourceTopic) -> Option<i64> {
        self.unread.iter().filter(|(source, _)| source.0 == topic).map(|(_, records)| *records).reduce(|all, more| all + more)
    }

    /// How old the record is that was read last of the partition that is furthest behind, of those that hold more, or how long it has been since all
    /// of it had been read, or, of one of which nothing was read, since it was seen that it holds some, ms.
    fn lag_ms(&self, topic: SourceTopic, now_ms: i64) -> Option<i64> {
        if self.lag(topic)? == 0 {
            return Some(0);
        }
        let behind = self.unread.iter().filter(|(source, records)| source.0 == topic && **records > 0);
        let oldest_ms = behind.filter_map(|(source, _)| self.read_ms.get(source)).min();
        oldest_ms.map(|read_ms| (now_ms - read_ms).max(0))
    }
}

impl Committing<'_> {
    /// It happened: what it did, and how long it took.
    pub fn done(mut self, tally: &Tally, offsets: &BTreeMap<Source, Commit>) -> Duration {
        let took = self.began.elapsed();
        self.done = true;
        self.vitals.committed(tally, took, offsets);
        took
    }
}

impl Drop for Committing<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.vitals.failed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.0.set_call(None);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn counters<const N: usize>() -> [AtomicU64; N] {
    std::array::from_fn(|_| AtomicU64::new(0))
}

fn gauges<const N: usize>() -> [AtomicI64; N] {
    std::array::from_fn(|_| AtomicI64::new(UNKNOWN))
}

fn add<const N: usize>(counters: &[AtomicU64; N], more: &[u64; N]) {
    for (counter, more) in counters.iter().zip(more) {
        counter.fetch_add(*more, Ordering::Relaxed);
    }
}

fn values<const N: usize>(counters: &[AtomicU64; N]) -> [u64; N] {
    counters.each_ref().map(|counter| counter.load(Ordering::Relaxed))
}

fn known(gauge: &AtomicI64) -> Option<i64> {
    Some(gauge.load(Ordering::Relaxed)).filter(|value| *value != UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_seen_while_it_lasts() {
        let vitals = Vitals::default();
        assert_eq!(vitals.in_call(), None);
        let call = vitals.call("commit");
        assert!(vitals.in_call().is_some_and(|(what, _)| what == "commit"));
        drop(call);
        assert_eq!(vitals.in_call(), None);
        vitals.leaves();
        assert!(vitals.in_call().is_some());
        vitals.gone();
        assert_eq!(vitals.in_call(), None);
    }

    #[test]
    fn a_commit_that_is_not_done_has_failed() {
        let vitals = Vitals::default();
        vitals.commit().done(&Tally { events: 3, ..Tally::default() }, &BTreeMap::new());
        drop(vitals.commit());
        let reading = vitals.reading(0);
        assert_eq!((reading.commits.count(), reading.failed, reading.events), (1, 1, 3));
    }

    #[test]
    fn lag_in_time_is_of_the_partition_that_is_furthest_behind() {
        let (vitals, only) = (Vitals::default(), |unread| BTreeMap::from([(0, unread)]));
        let mut tally = Tally::default();
        for (partition, kafka_ms) in [(0, 3_000), (1, 1_000), (2, 500)] {
            tally.took((SourceTopic::Sends, partition), kafka_ms);
        }
        vitals.committed(&tally, Duration::ZERO, &BTreeMap::new());
        assert_eq!(vitals.reading(5_000).lag_ms, [None; 4]);
        vitals.lags(SourceTopic::Sends, BTreeMap::from([(0, 2), (1, 7), (2, 0)]), 4_000);
        vitals.lags(SourceTopic::Webhooks, only(1), 4_000);
        vitals.lags(SourceTopic::Repartition, only(0), 4_000);
        let lag_ms = |now_ms| vitals.reading(now_ms).lag_ms[..3].to_vec();
        let expected = vec![Some(1_000), Some(4_000), Some(0)];
        assert_eq!((lag_ms(5_000), vitals.progress().lag), (expected, Some(10)), "of the webhooks none was taken, since 4 000");
        assert_eq!(lag_ms(0)[1], Some(0), "the clocks of others may be ahead");
        vitals.lags(SourceTopic::Sends, BTreeMap::from([(0, 0), (2, 1)]), 4_500);
        assert_eq!(lag_ms(5_000)[1], Some(1_000), "all of it had been read at 4 000");
        vitals.lags(SourceTopic::Sends, only(2), 4_600);
        assert_eq!(lag_ms(5_000)[1], Some(500), "the others are another worker's now");
        vitals.lags(SourceTopic::Sends, BTreeMap::from([(0, 0), (1, 7)]), 5_000);
        assert_eq!(lag_ms(5_100)[1], Some(100), "and when they come back, nothing of them was read");
        vitals.rebuilt();
        assert_eq!(vitals.reading(5_100).lag, [None; 4]);
        vitals.lags(SourceTopic::Sends, BTreeMap::from([(1, 7)]), 9_000);
        assert_eq!(lag_ms(9_000)[1], Some(4_000), "it stands still all the same");
    }

    #[test]
    fn transactions_are_smaller_after_failures_and_grow_again() {
        let vitals = Vitals::default();
        (0..10).for_each(|_| vitals.ease());
        assert_eq!(vitals.eased(), Vitals::EASED_MAX);
        let commit = || vitals.committed(&Tally::default(), Duration::ZERO, &BTreeMap::new());
        (1..Vitals::EASED_FOR).for_each(|_| commit());
        assert_eq!(vitals.eased(), Vitals::EASED_MAX);
        commit();
        assert_eq!(vitals.eased(), Vitals::EASED_MAX - 1);
        (0..10 * Vitals::EASED_FOR).for_each(|_| commit());
        assert_eq!(vitals.eased(), 0);
    }

    #[test]
    fn a_worker_that_is_built_anew_holds_nothing() {
        let vitals = Vitals::default();
        vitals.given(2);
        vitals.tasks(2, 1);
        vitals.state_rows(RowKind::Circle, 7);
        vitals.watermark_ms(Some(1));
        let reading = vitals.reading(11);
        assert_eq!((reading.live, reading.restoring, reading.rows[2], reading.watermark_lag_ms), (1, 1, Some(7), Some(10)));
        vitals.rebuilt();
        assert!(!vitals.is_member());
        assert_eq!(vitals.reading(11), Reading { rebuilds: 1, ..Reading::default() });
    }
}
