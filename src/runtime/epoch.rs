//! In which epoch the offsets of an input count. A topic that is created anew counts from 0 again, and an operator may set the group back: what
//! has an offset that was there before is then no record that came twice.

use super::broker::Commit;
use std::fmt;

/// Offsets of one epoch only grow, and a later epoch has a greater number: the second in which it began, since 1970. It stands in words
/// beside the offset that waid commits. Whoever else sets that offset leaves the words out, and with a deleted topic the brokers forget both:
/// so without the words another epoch begins. That takes clocks that differ by less than lies between two such beginnings.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Epoch(pub u32);

impl Epoch {
    /// That in which an input is read from what was committed of it on.
    pub fn of(committed: Option<&Commit>, now_ms: i64) -> Self {
        let known = committed.and_then(|committed| committed.account.strip_prefix(WORD)?.parse().ok());
        Self(known.unwrap_or_else(|| u32::try_from(now_ms / 1000).unwrap_or(u32::MAX)))
    }

    /// Whether these words beside an offset say one.
    pub fn is_in(words: &str) -> bool {
        words.strip_prefix(WORD).is_some_and(|epoch| epoch.parse::<u32>().is_ok())
    }
}

const WORD: &str = "epoch=";

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{WORD}{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_goes_on_as_long_as_waid_alone_sets_the_offset() {
        let committed = |account: String| Commit { offset: 5, account };
        let began = Epoch::of(None, 1_776_944_125_999);
        assert_eq!(began, Epoch(1_776_944_125));
        assert_eq!(Epoch::of(Some(&committed(began.to_string())), 1_776_999_999_000), began);
        for words in ["", "someone else's", "epoch=x"] {
            assert_eq!(Epoch::of(Some(&committed(words.to_owned())), 1_776_999_999_000), Epoch(1_776_999_999), "{words}");
        }
    }
}
