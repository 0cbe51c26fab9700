//! What the supervisor sees of a worker: how far it has come, and whether it is stuck in a call.

use super::broker::Source;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Counters of one worker thread, which outlive the workers that it builds one after another.
pub struct Vitals {
    origin: Instant,
    records: AtomicU64,
    commits: AtomicU64,
    commit_micros: AtomicU64,
    lag: AtomicI64,
    /// When the call that is under way began, µs after `origin`; 0 is none.
    call_micros: AtomicU64,
    ledger: Mutex<Ledger>,
}

/// Where a worker stands when something fails: the partitions at hand, each with the offset committed for it.
pub type Place = BTreeMap<Source, Option<i64>>;

#[derive(Default)]
struct Ledger {
    committed: BTreeMap<Source, i64>,
    /// What a failure now would be about: the partition of the last record, or those of the commit under way.
    at_hand: Vec<Source>,
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
    pub lag: i64,
}

/// A call that cannot be cancelled, as long as this lives.
pub struct Call<'a>(&'a Vitals);

impl Default for Vitals {
    fn default() -> Self {
        Self {
            origin: Instant::now(),
            records: AtomicU64::new(0),
            commits: AtomicU64::new(0),
            commit_micros: AtomicU64::new(0),
            lag: AtomicI64::new(0),
            call_micros: AtomicU64::new(0),
            ledger: Mutex::default(),
        }
    }
}

impl Vitals {
    /// Notes that a call begins which cannot be cancelled.
    pub fn call(&self) -> Call<'_> {
        self.call_micros.store(micros(self.origin.elapsed()).max(1), Ordering::Relaxed);
        Call(self)
    }

    /// Notes that the worker gives up its clients, which is a call as well: it ends when the worker is [`Vitals::gone`].
    pub fn leaves(&self) {
        std::mem::forget(self.call());
    }

    /// Notes that nothing is left of the worker.
    pub fn gone(&self) {
        self.call_micros.store(0, Ordering::Relaxed);
    }

    /// How long the call under way has lasted, if there is one.
    pub fn in_call_for(&self) -> Option<Duration> {
        let began = self.call_micros.load(Ordering::Relaxed);
        (began > 0).then(|| self.origin.elapsed().saturating_sub(Duration::from_micros(began)))
    }

    /// Notes that a record of this partition is taken.
    pub fn takes(&self, source: Source) {
        let at_hand = &mut self.ledger().at_hand;
        at_hand.clear();
        at_hand.push(source);
    }

    /// Notes that these offsets are going to be committed. Those that are committed already are not what it is about.
    pub fn commits(&self, offsets: &BTreeMap<Source, i64>) {
        let Ledger { committed, at_hand } = &mut *self.ledger();
        at_hand.clear();
        at_hand.extend(offsets.iter().filter(|(source, offset)| committed.get(source) != Some(offset)).map(|(source, _)| *source));
    }

    /// Where it stands.
    pub fn place(&self) -> Place {
        let ledger = self.ledger();
        ledger.at_hand.iter().map(|source| (*source, ledger.committed.get(source).copied())).collect()
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a commit of so many records that took so long, up to these offsets.
    pub fn committed(&self, records: usize, took: Duration, offsets: &BTreeMap<Source, i64>) {
        let mut ledger = self.ledger();
        ledger.committed.extend(offsets);
        ledger.at_hand.clear();
        self.records.fetch_add(u64::try_from(records).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.commit_micros.fetch_add(micros(took), Ordering::Relaxed);
    }

    /// Notes how many input records are still to be read.
    pub fn lags(&self, records: i64) {
        self.lag.store(records, Ordering::Relaxed);
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        Progress {
            records: self.records.load(Ordering::Relaxed),
            commits: self.commits.load(Ordering::Relaxed),
            commit_time: Duration::from_micros(self.commit_micros.load(Ordering::Relaxed)),
            lag: self.lag.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.0.call_micros.store(0, Ordering::Relaxed);
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_seen_while_it_lasts() {
        let vitals = Vitals::default();
        assert_eq!(vitals.in_call_for(), None);
        let call = vitals.call();
        assert!(vitals.in_call_for().is_some());
        drop(call);
        assert_eq!(vitals.in_call_for(), None);
        vitals.leaves();
        assert!(vitals.in_call_for().is_some());
        vitals.gone();
        assert_eq!(vitals.in_call_for(), None);
    }
}
