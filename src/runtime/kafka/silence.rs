//! Inputs of which the brokers tell nothing. What they hold is not read, and nobody knows how much that is.

use super::names;
use crate::config::TopicsConfig;
use crate::runtime::broker::Source;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Longer than finding another leader takes, or a fetch may.
const PATIENCE: Duration = Duration::from_secs(30);

/// Inputs whose ends are not known, and since when.
#[derive(Default)]
pub(super) struct Silence(BTreeMap<Source, Instant>);

impl Silence {
    /// Of these inputs the ends are not known now: those for which that has lasted for too long.
    pub fn note(&mut self, unknown: &[Source], now: Instant) -> Vec<Source> {
        self.0.retain(|source, _| unknown.contains(source));
        for source in unknown {
            self.0.entry(*source).or_insert(now);
        }
        self.0.iter().filter(|(_, since)| now.duration_since(**since) >= PATIENCE).map(|(source, _)| *source).collect()
    }
}

/// What there is to say of inputs that are silent, if any are.
pub(super) fn told(silent: &[Source], topics: &TopicsConfig) -> Option<String> {
    let names: Vec<String> = silent.iter().map(|(topic, partition)| format!("{} {partition}", names::of_source(topics, *topic))).collect();
    (!names.is_empty()).then(|| {
        format!(
            "for {} s nothing was heard of {}: have these partitions a leader, and can a fetch (fetch.max.bytes) come within socket.timeout.ms?",
            PATIENCE.as_secs(),
            names.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::packed::SourceTopic;

    #[test]
    fn an_input_that_is_silent_for_long_is_told() {
        let (one, two, begin) = ((SourceTopic::Webhooks, 1), (SourceTopic::Sends, 2), Instant::now());
        let mut silence = Silence::default();
        let mut note = |unknown: &[Source], after: u32| silence.note(unknown, begin + after * PATIENCE / 2);
        assert_eq!(note(&[one, two], 0), []);
        assert_eq!(note(&[one], 1), [], "of the other something was heard");
        assert_eq!(note(&[one, two], 2), [one]);
        assert_eq!(note(&[two], 4), [two]);
        assert_eq!(note(&[], 5), []);
        let why = told(&[one, two], &TopicsConfig::default()).expect("two");
        assert!(why.starts_with("for 30 s nothing was heard of whatsapp.webhooks 1, whatsapp.sends 2: "), "{why}");
        assert_eq!(told(&[], &TopicsConfig::default()), None);
    }
}
