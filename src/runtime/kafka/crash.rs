//! Places where a test may let the process die, as if it were killed there. Debug builds only: a release build has none.

/// A place in the commit of a transaction, in the order in which they come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Point {
    /// All records are with the brokers; no offset is.
    AfterProduce,
    /// The coordinator of the group has the offsets.
    AfterOffsets,
    /// All is there, and nothing is visible yet.
    BeforeCommit,
    /// All is visible, and this process does not act on it yet.
    AfterCommit,
    /// The commit is known to have happened, and nothing is noted down yet.
    BeforeLocalBookkeeping,
}

/// Ends the process, without destructors and with nothing said to any broker, when `WAID_TEST_CRASH=point:count` names
/// this point and it is passed for the `count`th time, by whatever thread.
#[cfg(debug_assertions)]
pub(super) fn at(point: Point) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static ASKED: LazyLock<Option<(String, u32)>> = LazyLock::new(|| {
        let asked = std::env::var("WAID_TEST_CRASH").ok()?;
        let (point, count) = asked.split_once(':').expect("WAID_TEST_CRASH is point:count");
        assert!(Point::ALL.iter().any(|known| known.name() == point), "WAID_TEST_CRASH: there is no point {point}");
        Some((point.to_owned(), count.parse().expect("WAID_TEST_CRASH counts from 1")))
    });
    static PASSED: AtomicU32 = AtomicU32::new(0);

    let Some((_, count)) = ASKED.as_ref().filter(|(asked, _)| asked == point.name()) else { return };
    if PASSED.fetch_add(1, Ordering::Relaxed) + 1 == *count {
        eprintln!("WAID_TEST_CRASH: ends at {}", point.name());
        std::process::abort();
    }
}

/// Nothing.
#[cfg(not(debug_assertions))]
pub(super) const fn at(_: Point) {}

#[cfg(debug_assertions)]
impl Point {
    const ALL: [Self; 5] = [Self::AfterProduce, Self::AfterOffsets, Self::BeforeCommit, Self::AfterCommit, Self::BeforeLocalBookkeeping];

    /// As `WAID_TEST_CRASH` has it.
    const fn name(self) -> &'static str {
        match self {
            Self::AfterProduce => "after-produce",
            Self::AfterOffsets => "after-offsets",
            Self::BeforeCommit => "before-commit",
            Self::AfterCommit => "after-commit",
            Self::BeforeLocalBookkeeping => "before-local-bookkeeping",
        }
    }
}
