//! Places where a test may let the process die, as if it were killed there. Debug builds only: a release build has none.

/// A place in the commit of a transaction, in the order in which they come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Point {
    /// What there was is on its way, and the worker waits for more.
    AfterAhead,
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

/// What `WAID_TEST_CRASH` asks for.
#[cfg(debug_assertions)]
struct Asked {
    point: String,
    count: u32,
    pause: Option<std::time::Duration>,
}

/// Ends the process, without destructors and with nothing said to any broker, when `WAID_TEST_CRASH=point:count` names
/// this point and it is passed for the `count`th time, by whatever thread. `point:count:millis` makes a pause instead.
#[cfg(debug_assertions)]
pub(super) fn at(point: Point) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static ASKED: LazyLock<Option<Asked>> = LazyLock::new(|| std::env::var("WAID_TEST_CRASH").ok().map(|text| Asked::parse(&text)));
    static PASSED: AtomicU32 = AtomicU32::new(0);

    let Some(asked) = ASKED.as_ref().filter(|asked| asked.point == point.name()) else { return };
    if PASSED.fetch_add(1, Ordering::Relaxed) + 1 != asked.count {
        return;
    }
    eprintln!("WAID_TEST_CRASH: at {}", point.name());
    match asked.pause {
        Some(pause) => std::thread::sleep(pause),
        None => std::process::abort(),
    }
}

#[cfg(debug_assertions)]
impl Asked {
    fn parse(text: &str) -> Self {
        let number = |part: &str| part.parse().expect("WAID_TEST_CRASH is point:count or point:count:millis");
        let mut parts = text.split(':');
        let point = parts.next().filter(|point| Point::ALL.iter().any(|known| known.name() == *point));
        Self {
            point: point.unwrap_or_else(|| panic!("WAID_TEST_CRASH={text}: there is no such point")).to_owned(),
            count: parts.next().map_or(1, number),
            pause: parts.next().map(|millis| std::time::Duration::from_millis(u64::from(number(millis)))),
        }
    }
}

/// Nothing.
#[cfg(not(debug_assertions))]
pub(super) const fn at(_: Point) {}

#[cfg(debug_assertions)]
impl Point {
    const ALL: [Self; 6] =
        [Self::AfterAhead, Self::AfterProduce, Self::AfterOffsets, Self::BeforeCommit, Self::AfterCommit, Self::BeforeLocalBookkeeping];

    /// As `WAID_TEST_CRASH` has it.
    const fn name(self) -> &'static str {
        match self {
            Self::AfterAhead => "after-ahead",
            Self::AfterProduce => "after-produce",
            Self::AfterOffsets => "after-offsets",
            Self::BeforeCommit => "before-commit",
            Self::AfterCommit => "after-commit",
            Self::BeforeLocalBookkeeping => "before-local-bookkeeping",
        }
    }
}
