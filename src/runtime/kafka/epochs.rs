//! Assignment epochs: whether a partition is still the worker's as it was when a transaction began with it.
//!
//! The group's generation does not tell: a worker that was paused past its session timeout, and has joined again by
//! itself, commits what it had open under the new generation, and Kafka takes it, duplicates and all.

use crate::runtime::broker::Source;
use std::collections::BTreeMap;

/// An epoch for each partition, raised whenever it is given or taken, and those that the open transaction began with.
#[derive(Default)]
pub(super) struct Epochs {
    now: BTreeMap<Source, Epoch>,
    began: BTreeMap<Source, u64>,
}

#[derive(Default)]
struct Epoch {
    count: u64,
    held: bool,
}

impl Epochs {
    /// The partition was given.
    pub fn given(&mut self, source: Source) {
        self.raise(source, true);
    }

    /// The partition was taken.
    pub fn taken(&mut self, source: Source) {
        self.raise(source, false);
    }

    fn raise(&mut self, source: Source, held: bool) {
        let epoch = self.now.entry(source).or_default();
        epoch.count += 1;
        epoch.held = held;
    }

    /// Whether the partition is the worker's.
    pub fn holds(&self, source: Source) -> bool {
        self.now.get(&source).is_some_and(|epoch| epoch.held)
    }

    /// The partitions that are the worker's.
    pub fn held(&self) -> impl Iterator<Item = Source> {
        self.now.iter().filter(|(_, epoch)| epoch.held).map(|(source, _)| *source)
    }

    /// The open transaction takes something of this partition; its epoch is remembered when that is the first.
    pub fn begin(&mut self, source: Source) {
        let now = self.count(source);
        self.began.entry(source).or_insert(now);
    }

    /// Nothing is open: the next transaction begins with the partitions as they are now.
    pub fn begin_anew(&mut self) {
        self.began = self.now.iter().filter(|(_, epoch)| epoch.held).map(|(source, epoch)| (*source, epoch.count)).collect();
    }

    /// The first partition that is not as it was when the open transaction began with it: of these, and of all that it
    /// took something of, since what came of that is in it even if the offset is not any more.
    pub fn changed(&self, sources: impl IntoIterator<Item = Source>) -> Option<Source> {
        let mut all = sources.into_iter().chain(self.began.keys().copied());
        all.find(|source| !self.holds(*source) || self.began.get(source) != Some(&self.count(*source)))
    }

    fn count(&self, source: Source) -> u64 {
        self.now.get(&source).map_or(0, |epoch| epoch.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::packed::SourceTopic;

    const ONE: Source = (SourceTopic::Sends, 1);
    const TWO: Source = (SourceTopic::Sends, 2);

    #[test]
    fn a_partition_that_went_away_and_came_back_is_not_the_same() {
        let mut epochs = Epochs::default();
        epochs.given(ONE);
        epochs.begin(ONE);
        assert_eq!(epochs.changed([ONE]), None);
        epochs.taken(ONE);
        assert_eq!(epochs.changed([ONE]), Some(ONE));
        assert_eq!(epochs.changed([]), Some(ONE), "what was taken of it is still in the transaction");
        epochs.given(ONE);
        epochs.begin(ONE);
        assert_eq!(epochs.changed([ONE]), Some(ONE), "the transaction still is the one from before");
        epochs.begin_anew();
        assert_eq!(epochs.changed([ONE]), None);
    }

    #[test]
    fn a_transaction_begins_with_all_that_is_held() {
        let mut epochs = Epochs::default();
        epochs.given(ONE);
        epochs.begin_anew();
        assert_eq!((epochs.changed([ONE]), epochs.changed([TWO])), (None, Some(TWO)));
        epochs.taken(ONE);
        epochs.given(ONE);
        assert_eq!(epochs.changed([ONE]), Some(ONE));
    }

    #[test]
    fn a_partition_that_comes_in_the_middle_harms_none() {
        let mut epochs = Epochs::default();
        epochs.given(ONE);
        epochs.begin(ONE);
        epochs.given(TWO);
        assert_eq!(epochs.changed([TWO]), Some(TWO), "nothing of it was taken");
        epochs.begin(TWO);
        assert_eq!(epochs.changed([ONE, TWO]), None);
        assert_eq!(epochs.held().collect::<Vec<_>>(), [ONE, TWO]);
    }
}
