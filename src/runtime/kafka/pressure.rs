//! When inputs have to wait, so that the repartition log does not grow without bound.
//!
//! Whatever is read of the inputs is written to the log of some task first. Inputs are read as fast as they come, and tasks may be slower, or
//! at a stand while their state is read, or nobody's until a session has ended. An input feeds all tasks, so the task that is furthest behind
//! counts, whosever it is. It always gets on without the inputs: its log, its state and its offsets ask for none of them. And a task of a worker
//! that is dead is given to another one meanwhile, whether inputs wait or not.

/// How far behind a task may be, in bytes of its log as tasks read them: some seconds of a worker's time.
pub const BEHIND_BYTES_MAX: u64 = 64 << 20;

/// Taken for the size of a record of the log before any was read.
const RECORD_BYTES_UNKNOWN: u64 = 1024;

/// How many records the mean size is of, about: the newest weigh most.
const WEIGHED: u64 = 64;

/// Whether the inputs of a worker wait.
pub(super) struct Pressure {
    behind_bytes_max: u64,
    /// The size of so many records.
    weight: u64,
    waiting: bool,
}

impl Pressure {
    /// They do not.
    pub const fn new(behind_bytes_max: u64) -> Self {
        Self { behind_bytes_max, weight: WEIGHED * RECORD_BYTES_UNKNOWN, waiting: false }
    }

    /// Notes that a record of the log has so many bytes. While inputs wait there are soon none but small ones: what is left behind is like
    /// what was read before.
    pub const fn weigh(&mut self, bytes: u64) {
        if !self.waiting {
            self.weight = self.weight - self.weight / WEIGHED + bytes;
        }
    }

    /// The task that is furthest behind has so many records to read: whether inputs wait from now on, if that is new. They go on when it has
    /// come half of the way.
    pub const fn judge(&mut self, behind_records: u64) -> Option<bool> {
        let behind_bytes = self.behind_bytes(behind_records);
        let limit = if self.waiting { self.behind_bytes_max / 2 } else { self.behind_bytes_max };
        let waits = behind_bytes > limit;
        if waits == self.waiting {
            return None;
        }
        self.waiting = waits;
        Some(waits)
    }

    /// How many bytes so many records of the log have, about.
    pub const fn behind_bytes(&self, records: u64) -> u64 {
        records.saturating_mul(self.weight / WEIGHED)
    }

    /// Whether they wait.
    pub const fn waiting(&self) -> bool {
        self.waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_wait_above_the_bound_and_go_on_below_half_of_it() {
        let mut pressure = Pressure::new(100 * WEIGHED * RECORD_BYTES_UNKNOWN);
        let behind = [0, 100, 101, 150, 51, 50, 100, 101];
        let judged = behind.map(|records| pressure.judge(WEIGHED * records));
        assert_eq!(judged, [None, None, Some(true), None, None, Some(false), None, Some(true)]);
        assert!(pressure.waiting());
    }

    #[test]
    fn records_are_weighed_while_inputs_do_not_wait() {
        const BEHIND: u64 = 1000 * WEIGHED;
        let weighed = |pressure: &mut Pressure, bytes| (0..10 * WEIGHED).for_each(|_| pressure.weigh(bytes));
        let mut pressure = Pressure::new(BEHIND * 10_000);
        assert_eq!(pressure.judge(BEHIND), None);
        weighed(&mut pressure, 10_100);
        assert_eq!(pressure.judge(BEHIND), Some(true));
        weighed(&mut pressure, 50);
        assert_eq!(pressure.judge(BEHIND), None, "small ones are no news");
        assert_eq!(pressure.judge(0), Some(false));
        weighed(&mut pressure, 50);
        assert_eq!(pressure.judge(100 * BEHIND), None);
        assert_eq!(pressure.judge(u64::MAX), Some(true));
    }
}
