//! What a worker tells of how far it has come: the Kafka times of its inputs, and the clocks of its tasks, to all partitions.

use super::broker::Source;
use crate::wire::packed::{Mark, SourceTopic};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How often watermarks are told.
#[derive(Clone, Copy, Debug)]
pub struct TickPolicy {
    /// At the soonest after so long,
    pub pause: Duration,
    /// if one has moved on by so much, ms;
    pub step_ms: i64,
    /// and if any has moved on at all, after so long.
    pub idle: Duration,
}

impl Default for TickPolicy {
    fn default() -> Self {
        Self { pause: Duration::from_secs(1), step_ms: 60_000, idle: Duration::from_secs(10) }
    }
}

/// A Kafka timestamp this far ahead of the wall clock is nobody's clock.
const AHEAD_MAX_MS: i64 = 3_600_000;

/// A jump of more than this counts once the next record confirms it, so that one wrong clock among the producers harms nothing.
const JUMP_MS: i64 = 3_600_000;

/// The watermarks of one worker.
pub struct Marks {
    policy: TickPolicy,
    inputs: BTreeMap<Source, Passed>,
    told: BTreeMap<(SourceTopic, i32, u32), i64>,
    told_at: Instant,
}

/// How far an input was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Passed {
    mark_ms: Option<i64>,
    /// The Kafka time of the record just before, if it was far ahead.
    ahead_ms: Option<i64>,
}

impl Marks {
    /// None.
    pub fn new(policy: TickPolicy) -> Self {
        Self { policy, inputs: BTreeMap::new(), told: BTreeMap::new(), told_at: Instant::now() }
    }

    /// An input record was taken.
    pub fn note(&mut self, source: Source, kafka_ms: i64, now_ms: i64) {
        if kafka_ms <= now_ms.saturating_add(AHEAD_MAX_MS) {
            self.inputs.entry(source).or_default().note(kafka_ms);
        }
    }

    /// An input was read to its end, and whatever comes is newer than this.
    pub fn note_end(&mut self, source: Source, at_ms: i64) {
        let passed = self.inputs.entry(source).or_default();
        *passed = Passed { mark_ms: passed.mark_ms.max(Some(at_ms)), ahead_ms: None };
    }

    /// An input is this worker's no more.
    pub fn forget(&mut self, source: Source) {
        self.inputs.remove(&source);
        self.told.retain(|(topic, partition, _), _| (*topic, *partition) != source);
    }

    /// The greatest Kafka time that was passed on, of the input that is furthest behind, ms.
    pub fn least_ms(&self) -> Option<i64> {
        self.inputs.values().map(|passed| passed.mark_ms).min().flatten()
    }

    /// The greatest Kafka time that was seen and may be right, ms.
    pub fn greatest_ms(&self) -> Option<i64> {
        self.inputs.values().filter_map(|passed| passed.mark_ms.max(passed.ahead_ms)).max()
    }

    /// From now on, whatever moves is told at once.
    pub const fn hasten(&mut self) {
        self.policy = TickPolicy { pause: Duration::ZERO, step_ms: 0, idle: Duration::ZERO };
    }

    /// What to tell now, together with what the tasks tell; empty if it is not time to. If nothing has moved on, all is told `again` where that is
    /// waited for.
    pub fn due(&mut self, tasks: impl Iterator<Item = Mark>, again: bool) -> Vec<Mark> {
        let waited = self.told_at.elapsed();
        if waited < self.policy.pause {
            return Vec::new();
        }
        let inputs = self.inputs.iter().filter_map(|((topic, partition), passed)| {
            Some(Mark { topic: *topic, partition: *partition, kafka_ms: passed.mark_ms?, hops: 0 })
        });
        let moved = |mark: &Mark| match self.told.get(&key(mark)) {
            Some(told) => mark.kafka_ms - told,
            None => i64::MAX,
        };
        let marks: Vec<Mark> = inputs.chain(tasks).filter(|mark| again || moved(mark) > 0).collect();
        if !again && waited < self.policy.idle && !marks.iter().any(|mark| moved(mark) >= self.policy.step_ms) {
            return Vec::new();
        }
        self.told.extend(marks.iter().map(|mark| (key(mark), mark.kafka_ms)));
        self.told_at = Instant::now();
        marks
    }
}

const fn key(mark: &Mark) -> (SourceTopic, i32, u32) {
    (mark.topic, mark.partition, mark.hops)
}

impl Passed {
    fn note(&mut self, kafka_ms: i64) {
        if self.mark_ms.is_some_and(|mark_ms| kafka_ms <= mark_ms.saturating_add(JUMP_MS)) {
            *self = Self { mark_ms: self.mark_ms.max(Some(kafka_ms)), ahead_ms: None };
            return;
        }
        let Some(ahead_ms) = self.ahead_ms.replace(kafka_ms) else { return };
        let [confirmed_ms, greatest_ms] = [ahead_ms.min(kafka_ms), ahead_ms.max(kafka_ms)];
        self.mark_ms = self.mark_ms.max(Some(confirmed_ms));
        // They confirm each other.
        if greatest_ms <= confirmed_ms.saturating_add(JUMP_MS) {
            *self = Self { mark_ms: Some(greatest_ms), ahead_ms: None };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;
    const INPUT: Source = (SourceTopic::Webhooks, 3);

    fn marks(kafka_ms: &[i64], now_ms: i64) -> Marks {
        let policy = TickPolicy { pause: Duration::ZERO, step_ms: 0, idle: Duration::ZERO };
        let mut marks = Marks::new(policy);
        for kafka_ms in kafka_ms {
            marks.note(INPUT, *kafka_ms, now_ms);
        }
        marks
    }

    #[test]
    fn one_wrong_clock_harms_nothing() {
        let now_ms = 1000 * HOUR_MS;
        let of = |kafka_ms: &[i64]| marks(kafka_ms, now_ms).least_ms();
        assert_eq!(of(&[5, 6, 7]), Some(7));
        assert_eq!(of(&[5, 6, 9000 * HOUR_MS, 7]), Some(7), "a year ahead of the wall clock");
        assert_eq!(of(&[5, 6, 500 * HOUR_MS, 7, 8]), Some(8), "days ahead of the others");
        assert_eq!(of(&[5, 6, 500 * HOUR_MS, 502 * HOUR_MS]), Some(500 * HOUR_MS), "a pause, not a mistake");
        assert_eq!(of(&[5, 6, 500 * HOUR_MS + 9, 500 * HOUR_MS]), Some(500 * HOUR_MS + 9), "in whatever order");
        assert_eq!(of(&[500 * HOUR_MS]), None, "the first record is confirmed too");
        assert_eq!(of(&[500 * HOUR_MS, 7, 8]), Some(8));
    }

    #[test]
    fn an_input_at_its_end_follows_the_wall_clock() {
        let mut marks = marks(&[5, 6], HOUR_MS);
        marks.note_end(INPUT, HOUR_MS);
        assert_eq!(marks.least_ms(), Some(HOUR_MS));
        let told = marks.due(std::iter::empty(), false);
        assert_eq!(told, [Mark { topic: INPUT.0, partition: INPUT.1, kafka_ms: HOUR_MS, hops: 0 }]);
        assert_eq!(marks.due(std::iter::empty(), false), [], "told once");
        assert_eq!(marks.due(std::iter::empty(), true), told, "but for who needs it");
    }
}
