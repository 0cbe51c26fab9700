//! The metrics: every family with its meaning, in the text format of `OpenMetrics`, which Prometheus reads.

use super::process::Process;
use crate::domain::event::Reason;
use crate::domain::state::RowKind;
use crate::runtime::clock;
use crate::runtime::crew::Crew;
use crate::runtime::durations::BOUNDS_MS;
use crate::runtime::reading::Reading;
use crate::wire::packed::SourceTopic;
use crate::wire::record::Topic;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};
use std::fmt;

/// What the text is.
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics of the process.
pub(super) fn render(crew: &Crew) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Waid(crew.reading(clock::now_ms()))));
    registry.register_collector(Box::new(Process));
    let mut text = String::new();
    text::encode(&mut text, &registry)?;
    Ok(text)
}

/// What the workers have counted.
#[derive(Debug)]
struct Waid(Reading);

/// Labels of a sample and its value.
type Sample<const N: usize, V> = ([(&'static str, &'static str); N], V);

/// Writes families.
pub(super) struct Writer<'a>(pub DescriptorEncoder<'a>);

impl Collector for Waid {
    fn encode(&self, encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let mut writer = Writer(encoder);
        self.flow(&mut writer)?;
        self.transactions(&mut writer)?;
        self.lag(&mut writer)?;
        self.state(&mut writer)?;
        writer.info("waid_build", "The version of waid", [("version", env!("CARGO_PKG_VERSION"))])
    }
}

impl Waid {
    fn flow(&self, writer: &mut Writer) -> Result<(), fmt::Error> {
        let Self(reading) = self;
        // What the changelog holds is no news.
        let taken = SourceTopic::ALL.into_iter().filter(|topic| *topic != SourceTopic::Changelog);
        let read = taken.map(|topic| ([("topic", topic.role())], reading.read[topic as usize]));
        writer.counter("waid_records_read", "Records taken in and committed, by topic", read)?;
        writer.counter("waid_elements_read", "Elements of the input records taken in and committed", [([], reading.elements)])?;
        writer.counter("waid_events_taken", "Events taken by tasks and committed", [([], reading.events)])?;
        let help = "Events straight from inputs that said nothing new, such as webhooks that were sent again";
        writer.counter("waid_events_duplicate", help, [([], reading.duplicates)])?;
        let help = "Delivered and read statuses straight from inputs that only named again whom an earlier status had named";
        writer.counter("waid_events_repeated", help, [([], reading.repeated)])?;
        let help = "Statuses, replies and mismatch events that were forgotten, because no send came that they are about";
        writer.counter("waid_events_unmatched", help, [([], reading.unmatched)])?;
        let help = "Events that had passed more than 1000 entities: perhaps they go round, which is a defect";
        writer.counter("waid_events_far", help, [([], reading.far)])?;
        let help = "Packed records that came twice and were dropped: another instance may have passed fencing";
        writer.counter("waid_records_stale", help, [([], reading.stale)])?;
        let published = Topic::ALL.map(|topic| ([("topic", topic.role())], reading.published[topic as usize]));
        writer.counter("waid_records_published", "Records published and committed, by topic", published)?;
        let letters = Reason::ALL.map(|reason| ([("reason", reason.name())], reading.dead_letters[reason as usize]));
        writer.counter("waid_dead_letters", "Elements that could not be used and were dead-lettered, by reason", letters)?;
        let ignored = reading.ignored.iter().map(|(name, count)| ([("event", *name)], *count));
        writer.counter("waid_events_ignored", "Events that are known and of no interest, by name", ignored)
    }

    fn transactions(&self, writer: &mut Writer) -> Result<(), fmt::Error> {
        let Self(Reading { commits, failed, rebuilds, .. }) = self;
        writer.counter("waid_transactions_committed", "Transactions committed", [([], commits.count())])?;
        writer.counter(
            "waid_transactions_failed",
            "Transactions that were not committed; their records are taken again",
            [([], *failed)],
        )?;
        let bounds = BOUNDS_MS.map(seconds).into_iter().chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds.zip(commits.buckets).collect();
        let sum = commits.sum.as_secs_f64();
        writer.histogram("waid_transaction_duration", "How long transactions took to be committed", "seconds", sum, &buckets)?;
        writer.counter("waid_worker_rebuilds", "Workers that failed and were built anew", [([], *rebuilds)])
    }

    fn lag(&self, writer: &mut Writer) -> Result<(), fmt::Error> {
        let Self(Reading { lag, lag_ms, inputs_paused, watermark_lag_ms, .. }) = self;
        let records = SourceTopic::ALL.into_iter().filter_map(|topic| Some(([("topic", topic.role())], lag[topic as usize]?)));
        writer.gauge("waid_lag_records", "Records that are there and were not read yet, by topic, as of some seconds ago", records)?;
        let behind = SourceTopic::ALL.into_iter();
        let behind = behind.filter_map(|topic| Some(([("topic", topic.role())], seconds(lag_ms[topic as usize]?.unsigned_abs()))));
        let help = "How old, by its Kafka timestamp, the record read last of the partition furthest behind is, or how long ago all of it had been read, by topic; 0 when all were read";
        writer.gauge_of("waid_lag", help, "seconds", behind)?;
        let paused = i64::try_from(*inputs_paused).unwrap_or(i64::MAX);
        writer.gauge(
            "waid_inputs_paused",
            "Input partitions of this process that wait until the tasks are less far behind",
            [([], paused)],
        )?;
        let watermark = watermark_lag_ms.map(|lag| ([], seconds(lag.unsigned_abs())));
        writer.gauge_of("waid_watermark_lag", "How far stream time is behind the wall clock, of the last task", "seconds", watermark)
    }

    fn state(&self, writer: &mut Writer) -> Result<(), fmt::Error> {
        let Self(Reading { live, restoring, rows, circle_facts_max, state_bytes, checkpoint_age_ms, .. }) = self;
        let tasks = [([("state", "live")], *live), ([("state", "restoring")], *restoring)];
        let tasks = tasks.map(|(labels, count)| (labels, i64::try_from(count).unwrap_or(i64::MAX)));
        writer.gauge("waid_tasks", "Tasks of this process: those that work, and those that do not have their state back yet", tasks)?;
        let rows = RowKind::ALL.into_iter().filter_map(|kind| Some(([("kind", kind.name())], rows[kind as usize]?)));
        writer.gauge("waid_state_rows", "Rows of state of this process, by kind", rows)?;
        let help = "The most facts (who was seen where) that any circle of people had since the start, of those that got one";
        writer.gauge("waid_circle_facts_max", help, circle_facts_max.map(|facts| ([], facts)))?;
        let help = "Bytes of state of this process as of its last checkpoint, with what was not cleaned yet";
        writer.gauge_of("waid_state", help, "bytes", state_bytes.map(|bytes| ([], bytes)))?;
        let age = checkpoint_age_ms.map(|age| ([], seconds(age.unsigned_abs())));
        writer.gauge_of("waid_checkpoint_age", "How long ago the state was last in a checkpoint, of the oldest task", "seconds", age)
    }
}

/// A family without samples is left out.
impl Writer<'_> {
    /// Counters without a unit; `_total` is added to the name.
    pub fn counter<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = Sample<N, u64>>,
    ) -> Result<(), fmt::Error> {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return Ok(());
        }
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        samples.try_for_each(|(labels, value)| match N {
            0 => family.encode_counter::<NoLabelSet, _, u64>(&value, None),
            _ => family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&value, None),
        })
    }

    /// One counter in a unit; the unit and `_total` are added to the name.
    pub fn counter_of(&mut self, name: &str, help: &str, unit: &str, value: f64) -> Result<(), fmt::Error> {
        let unit = Unit::Other(unit.to_owned());
        let mut family = self.0.encode_descriptor(name, help, Some(&unit), MetricType::Counter)?;
        family.encode_counter::<NoLabelSet, _, u64>(&value, None)
    }

    /// Gauges without a unit.
    pub fn gauge<const N: usize, V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = Sample<N, V>>,
    ) -> Result<(), fmt::Error> {
        self.gauges(name, help, None, samples)
    }

    /// Gauges in a unit, which is added to the name.
    pub fn gauge_of<const N: usize, V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        unit: &str,
        samples: impl IntoIterator<Item = Sample<N, V>>,
    ) -> Result<(), fmt::Error> {
        self.gauges(name, help, Some(&Unit::Other(unit.to_owned())), samples)
    }

    fn gauges<const N: usize, V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        samples: impl IntoIterator<Item = Sample<N, V>>,
    ) -> Result<(), fmt::Error> {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return Ok(());
        }
        let mut family = self.0.encode_descriptor(name, help, unit, MetricType::Gauge)?;
        samples.try_for_each(|(labels, value)| match N {
            0 => family.encode_gauge(&value),
            _ => family.encode_family(&labels)?.encode_gauge(&value),
        })
    }

    /// A histogram in a unit; of each bucket its upper bound and how many are in it alone.
    pub fn histogram(&mut self, name: &str, help: &str, unit: &str, sum: f64, buckets: &[(f64, u64)]) -> Result<(), fmt::Error> {
        let unit = Unit::Other(unit.to_owned());
        let mut family = self.0.encode_descriptor(name, help, Some(&unit), MetricType::Histogram)?;
        let count = buckets.iter().map(|(_, count)| count).sum();
        family.encode_histogram::<NoLabelSet>(sum, count, buckets, None)
    }

    /// What does not change; `_info` is added to the name.
    pub fn info<const N: usize>(&mut self, name: &str, help: &str, labels: [(&'static str, &'static str); N]) -> Result<(), fmt::Error> {
        self.0.encode_descriptor(name, help, None, MetricType::Info)?.encode_info(&labels)
    }
}

#[allow(clippy::cast_precision_loss)] // Prometheus knows no other numbers.
fn seconds(millis: u64) -> f64 {
    millis as f64 / 1000.0
}

#[cfg(test)]
mod tests;
