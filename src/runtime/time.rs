//! Stream time: how far the inputs were read, as a task knows it from its log.
//!
//! It is a watermark, not a maximum: while a backlog is read, one input may be days ahead of another. It is kept for each hop through the
//! repartition log, since what an input brings may pass through several tasks: a hop's watermark is the least that all senders have told
//! for the hop before. A timer follows the last hop that can feed it.

use crate::wire::packed::{Control, Mark, SourceTopic};
use std::collections::BTreeMap;

/// How many hops are kept. Whatever concerns a message has arrived by then, forwarded from circle to circle as it may be.
pub const HOPS: u32 = 8;

/// By this hop, all that an input says of a message has reached the message: a status names it by another id (1), which that id forwards
/// (2); or it teaches the other name (2), under which something was heard before that is forwarded now (3).
pub const HOPS_TO_MESSAGES: u32 = 3;

/// The clocks of a task.
#[derive(Default)]
pub struct StreamTime {
    marks: BTreeMap<(SourceTopic, i32, u32), i64>,
    /// By hop, from 1 on.
    reached: [Option<i64>; HOPS as usize],
}

impl StreamTime {
    /// As it was when this was written; see [`Self::marks`] and [`Self::passed_on`].
    pub fn restore(marks: &[Mark], reached: &[Mark]) -> Self {
        let mut time = Self::default();
        time.note(marks);
        for mark in reached {
            if let Some(clock) = usize::try_from(mark.hops).ok().and_then(|hops| time.reached.get_mut(hops.checked_sub(1)?)) {
                *clock = Some(mark.kafka_ms);
            }
        }
        time
    }

    /// Takes what senders tell.
    pub fn note(&mut self, marks: &[Mark]) {
        for mark in marks {
            let known = self.marks.entry((mark.topic, mark.partition, mark.hops)).or_insert(mark.kafka_ms);
            *known = mark.kafka_ms.max(*known);
        }
    }

    /// Moves the clocks on to what all senders have told.
    pub fn advance(&mut self, control: &Control) {
        let inputs = [(SourceTopic::Webhooks, control.webhooks_partitions), (SourceTopic::Sends, control.sends_partitions)];
        let mut least = self.least(inputs.into_iter().flat_map(|(topic, count)| (0..count).map(move |partition| (topic, partition, 0))));
        for hops in 1..=HOPS {
            let clock = &mut self.reached[hops as usize - 1];
            *clock = least.max(*clock);
            let tasks = (0..control.repartition_partitions).map(|partition| (SourceTopic::Repartition, partition, hops));
            least = self.least(tasks);
        }
    }

    /// Up to where, ms, all that the inputs bring has been taken here after so many hops.
    pub fn reached(&self, hops: u32) -> Option<i64> {
        self.reached[hops as usize - 1]
    }

    /// All that was told.
    pub fn marks(&self) -> Vec<Mark> {
        let mark = |((topic, partition, hops), kafka_ms): (&(SourceTopic, i32, u32), &i64)| Mark {
            topic: *topic,
            partition: *partition,
            kafka_ms: *kafka_ms,
            hops: *hops,
        };
        self.marks.iter().map(mark).collect()
    }

    /// What the task of this partition tells in turn.
    pub fn passed_on(&self, partition: i32) -> impl Iterator<Item = Mark> + '_ {
        (1..=HOPS)
            .zip(self.reached)
            .filter_map(move |(hops, reached)| Some(Mark { topic: SourceTopic::Repartition, partition, kafka_ms: reached?, hops }))
    }

    fn least(&self, senders: impl Iterator<Item = (SourceTopic, i32, u32)>) -> Option<i64> {
        let mut least = i64::MAX;
        for sender in senders {
            least = least.min(*self.marks.get(&sender)?);
        }
        Some(least).filter(|least| *least < i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::step::Settings;

    fn control() -> Control {
        let settings = Settings { join_timeout_ms: 1, idle_timeout_s: 1, retention_ms: 1, service_window_s: 1, referral_window_s: 1 };
        Control {
            webhooks: String::new(),
            sends: String::new(),
            webhooks_partitions: 2,
            sends_partitions: 1,
            repartition_partitions: 2,
            settings,
            step_version: 1,
        }
    }

    fn mark(topic: SourceTopic, partition: i32, kafka_ms: i64, hops: u32) -> Mark {
        Mark { topic, partition, kafka_ms, hops }
    }

    #[test]
    fn a_clock_waits_for_the_slowest_of_all_sources() {
        let mut time = StreamTime::default();
        time.note(&[mark(SourceTopic::Webhooks, 0, 500, 0), mark(SourceTopic::Sends, 0, 300, 0)]);
        time.advance(&control());
        assert_eq!(time.reached(1), None, "one source was not heard of");
        time.note(&[mark(SourceTopic::Webhooks, 1, 100, 0)]);
        time.advance(&control());
        assert_eq!(time.reached(1), Some(100));
        time.note(&[mark(SourceTopic::Webhooks, 1, 50, 0)]);
        time.advance(&control());
        assert_eq!(time.reached(1), Some(100), "it never goes back");
    }

    #[test]
    fn each_hop_follows_the_one_before_of_all_tasks() {
        let mut time = StreamTime::default();
        time.note(&[0, 1].map(|partition| mark(SourceTopic::Webhooks, partition, 100, 0)));
        time.note(&[
            mark(SourceTopic::Sends, 0, 100, 0),
            mark(SourceTopic::Repartition, 0, 90, 1),
            mark(SourceTopic::Repartition, 1, 80, 1),
        ]);
        time.advance(&control());
        assert_eq!((time.reached(1), time.reached(2), time.reached(3)), (Some(100), Some(80), None));
        let told: Vec<Mark> = time.passed_on(1).collect();
        assert_eq!(told, [mark(SourceTopic::Repartition, 1, 100, 1), mark(SourceTopic::Repartition, 1, 80, 2)]);
        let restored = StreamTime::restore(&time.marks(), &told);
        assert_eq!((restored.marks(), restored.reached), (time.marks(), time.reached));
    }
}
