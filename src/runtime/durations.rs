//! A histogram of durations that one thread fills and another reads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The upper bounds of the buckets, ms; whatever takes longer is in one more.
pub const BOUNDS_MS: [u64; 11] = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];

/// How many buckets there are.
pub const BUCKETS: usize = BOUNDS_MS.len() + 1;

/// Durations by size, and their sum.
#[derive(Debug)]
pub struct Durations {
    buckets: [AtomicU64; BUCKETS],
    micros: AtomicU64,
}

/// [`Durations`] at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// How many there were in each bucket, not added up.
    pub buckets: [u64; BUCKETS],
    /// How long all of them took together.
    pub sum: Duration,
}

impl Default for Durations {
    fn default() -> Self {
        Self { buckets: std::array::from_fn(|_| AtomicU64::new(0)), micros: AtomicU64::new(0) }
    }
}

impl Durations {
    /// Adds one.
    pub fn add(&self, duration: Duration) {
        let bucket = BOUNDS_MS.partition_point(|bound| Duration::from_millis(*bound) < duration);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// As they are now.
    pub fn spread(&self) -> Spread {
        let buckets = self.buckets.each_ref().map(|bucket| bucket.load(Ordering::Relaxed));
        Spread { buckets, sum: Duration::from_micros(self.micros.load(Ordering::Relaxed)) }
    }
}

impl Spread {
    /// How many there were.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// Adds those of another.
    pub fn add(&mut self, other: &Self) {
        self.buckets.iter_mut().zip(other.buckets).for_each(|(bucket, more)| *bucket += more);
        self.sum += other.sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_at_a_bound_is_below_it() {
        let durations = Durations::default();
        for millis in [0, 5, 6, 10_000, 10_001] {
            durations.add(Duration::from_millis(millis));
        }
        let mut spread = durations.spread();
        assert_eq!(spread.buckets, [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
        spread.add(&durations.spread());
        assert_eq!((spread.count(), spread.sum), (10, Duration::from_millis(40_024)));
    }
}
