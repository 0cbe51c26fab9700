//! Whether a worker that fails again and again gets anywhere.

use super::broker::BrokerError;
use super::vitals::Place;
use std::collections::BTreeMap;

/// The failures of one worker thread.
#[derive(Default)]
pub struct Failures {
    in_a_row: u32,
    /// By what was said.
    by_cause: BTreeMap<String, Stuck>,
}

/// One cause, and the partitions that stood still from its first time to its last.
#[derive(Default)]
struct Stuck {
    count: u32,
    place: Place,
}

impl Failures {
    /// Notes a failure at this place; `progressed` when a record was committed since the one before. The greater of two
    /// counts: of failures without any progress in between, and of failures for this cause while one and the same partition
    /// got no further, however well the others did.
    pub fn count(&mut self, failure: &BrokerError, progressed: bool, place: Place) -> u32 {
        self.in_a_row = if progressed { 1 } else { self.in_a_row + 1 };
        let stuck = self.by_cause.entry(cause(failure)).or_default();
        stuck.place.retain(|source, offset| place.get(source) == Some(offset));
        // A log or a topic that is not what it should be does not get better, wherever it is met.
        if stuck.place.is_empty() && !matches!(failure, BrokerError::Log(_) | BrokerError::TooLarge(_)) {
            *stuck = Stuck { count: 0, place };
        }
        stuck.count += 1;
        self.in_a_row.max(stuck.count)
    }
}

/// What is said, without the numbers in it: how many records, how long.
fn cause(failure: &BrokerError) -> String {
    failure.to_string().chars().filter(|letter| !letter.is_ascii_digit()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::broker::Source;
    use crate::wire::packed::SourceTopic;

    const ONE: Source = (SourceTopic::Sends, 1);
    const TWO: Source = (SourceTopic::Sends, 2);

    fn aborted(text: &str) -> BrokerError {
        BrokerError::Aborted(text.to_owned())
    }

    fn at<const N: usize>(place: [(Source, i64); N]) -> Place {
        place.into_iter().map(|(source, offset)| (source, Some(offset))).collect()
    }

    #[test]
    fn without_progress_every_failure_counts() {
        let mut failures = Failures::default();
        let counts = ["this", "that", "this"].map(|text| failures.count(&aborted(text), false, Place::new()));
        assert_eq!(counts, [1, 2, 3]);
        assert_eq!(failures.count(&aborted("that"), true, Place::new()), 1);
    }

    #[test]
    fn a_partition_that_stands_still_counts_while_others_get_on() {
        let mut failures = Failures::default();
        let failure = |count: i32| aborted(&format!("{count} records were not taken"));
        let counts = [5, 6, 7].map(|other| failures.count(&failure(3), true, at([(ONE, 100), (TWO, other)])));
        assert_eq!(counts, [1, 2, 3]);
        assert_eq!(failures.count(&failure(4), true, at([(ONE, 100)])), 4, "the numbers in it do not matter");
        assert_eq!(failures.count(&aborted("another cause"), true, at([(ONE, 100)])), 1);
        assert_eq!(failures.count(&failure(3), true, at([(ONE, 101)])), 1, "it got on");
        assert_eq!(failures.count(&failure(3), true, at([(TWO, 8)])), 1, "another partition");
    }

    #[test]
    fn an_input_may_be_created_anew_as_often_as_one_likes() {
        let mut failures = Failures::default();
        for _ in 0..5 {
            let [missed, gone] = [BrokerError::Missed, BrokerError::NoTopic("sends".to_owned())];
            assert_eq!([failures.count(&missed, true, Place::new()), failures.count(&gone, false, Place::new())], [1, 2]);
        }
    }

    #[test]
    fn a_wrong_log_or_topic_counts_wherever_it_is_met() {
        for wrong in [BrokerError::Log, BrokerError::TooLarge] {
            let mut failures = Failures::default();
            let places = [at([(ONE, 1)]), Place::new(), at([(TWO, 2)])];
            assert_eq!(places.map(|place| failures.count(&wrong("no".to_owned()), true, place)), [1, 2, 3]);
        }
    }
}
