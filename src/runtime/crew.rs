//! The workers of a process as others see them: whether they get on, whether they are ready, and what they have counted.

use super::reading::Reading;
use super::vitals::Vitals;
use crate::config::KafkaConfig;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long the supervisor, which looks every second, may be silent.
const LOOK_MAX: Duration = Duration::from_secs(15);

/// A worker thread's place: what it is given.
pub struct Post {
    /// Its number, from 0.
    pub thread: usize,
    /// Set when it is to stop.
    pub stop: Arc<AtomicBool>,
    /// Where it shows how it fares.
    pub vitals: Arc<Vitals>,
}

/// The posts of a process.
pub struct Crew {
    posts: Vec<Post>,
    stop: Arc<AtomicBool>,
    /// How long a worker may be busy with one turn.
    turn_max: Duration,
    origin: Instant,
    /// When the supervisor last looked, ms after `origin`; 0 is never.
    looked_ms: AtomicU64,
}

impl Crew {
    /// So many posts.
    pub fn new(threads: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let post = |thread| Post { thread, stop: Arc::clone(&stop), vitals: Arc::new(Vitals::default()) };
        let turn_max = Duration::from_millis(KafkaConfig::POLL_MS);
        let posts = (0..threads).map(post).collect();
        Self { posts, stop: Arc::clone(&stop), turn_max, origin: Instant::now(), looked_ms: AtomicU64::new(0) }
    }

    /// After such a turn the group gives a worker's partitions to others (`max.poll.interval.ms`).
    #[must_use]
    pub fn with_turn_max(self, turn_max: Duration) -> Self {
        Self { turn_max, ..self }
    }

    /// One for each worker thread.
    pub fn posts(&self) -> &[Post] {
        &self.posts
    }

    /// Set when all are to stop.
    pub fn stop(&self) -> &AtomicBool {
        &self.stop
    }

    /// The supervisor looks after them.
    pub fn look(&self) {
        self.looked_ms.store(millis(self.origin.elapsed()).max(1), Ordering::Relaxed);
    }

    /// Why the process should be ended, if it should: a worker is stuck in a call for longer than `call_max`, or makes no
    /// turn, or nobody looks after them.
    pub fn stuck(&self, call_max: Duration) -> Option<String> {
        let looked = self.looked_ms.load(Ordering::Relaxed);
        let alone = self.origin.elapsed().saturating_sub(Duration::from_millis(looked));
        if looked > 0 && alone > LOOK_MAX {
            return Some(format!("the supervisor has not looked for {} s", alone.as_secs()));
        }
        self.posts.iter().find_map(|Post { thread, vitals, .. }| {
            let call = vitals.in_call().filter(|(_, lasted)| *lasted > call_max);
            let silence = || vitals.silent_for().filter(|lasted| *lasted > self.turn_max && !self.is_stopping());
            let called =
                call.map(|(what, lasted)| format!("worker {thread}: a call to kafka ({what}) has not returned for {} s", lasted.as_secs()));
            called.or_else(|| silence().map(|lasted| format!("worker {thread}: no turn for {} s", lasted.as_secs())))
        })
    }

    /// Why the process is not ready, if it is not: a worker is not a member of its group yet, with what keeps it from that, or tasks are restored, or
    /// inputs are not read.
    pub fn unready(&self) -> Option<String> {
        if self.is_stopping() {
            return Some("stopping".to_owned());
        }
        let mut outside = self.posts.iter().filter(|post| !post.vitals.is_member()).peekable();
        if outside.peek().is_some() {
            let hindrance = outside.find_map(|post| post.vitals.hindrance());
            return Some(hindrance.map_or_else(|| "starting".to_owned(), |why| format!("starting: {why}")));
        }
        let restoring: usize = self.posts.iter().map(|post| post.vitals.restoring()).sum();
        if restoring > 0 {
            return Some(format!("restoring {restoring} tasks"));
        }
        self.posts.iter().find_map(|post| post.vitals.unread())
    }

    /// What all of them have counted, as of `now_ms` of the wall clock.
    pub fn reading(&self, now_ms: i64) -> Reading {
        let mut all = Reading::default();
        self.posts.iter().for_each(|post| all.add(&post.vitals.reading(now_ms)));
        all
    }

    fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_ready_once_all_are_members_and_have_their_state() {
        let crew = Crew::new(2);
        let [one, two] = crew.posts() else { panic!("two posts") };
        assert_eq!(crew.unready().as_deref(), Some("starting"));
        one.vitals.joined();
        assert_eq!(crew.unready().as_deref(), Some("starting"));
        two.vitals.given(3);
        assert_eq!(crew.unready().as_deref(), Some("restoring 3 tasks"));
        two.vitals.tasks(3, 0);
        assert_eq!(crew.unready(), None);
        two.vitals.was_lost();
        assert_eq!(crew.unready().as_deref(), Some("starting"));
        two.vitals.joined();
        assert_eq!(crew.unready(), None);
        two.vitals.rebuilt();
        assert_eq!(crew.unready().as_deref(), Some("starting"));
        assert!(two.vitals.hindered("no broker answers") && !two.vitals.hindered("no broker answers"));
        assert_eq!(crew.unready().as_deref(), Some("starting: no broker answers"));
        two.vitals.joined();
        assert_eq!(crew.unready(), None);
        two.vitals.was_lost();
        assert_eq!(crew.unready().as_deref(), Some("starting"));
        two.vitals.joined();
        let gone = Some("there is no topic sends".to_owned());
        assert!(one.vitals.inputs_unread(gone.clone()) && !one.vitals.inputs_unread(gone.clone()));
        assert_eq!(crew.unready(), gone);
        assert!(!one.vitals.inputs_unread(None));
        assert_eq!(crew.unready(), None);
        crew.stop().store(true, Ordering::Relaxed);
        assert_eq!(crew.unready().as_deref(), Some("stopping"));
    }

    #[test]
    fn it_is_stuck_while_a_call_lasts_too_long() {
        let crew = Crew::new(2);
        crew.look();
        assert_eq!(crew.stuck(Duration::ZERO), None);
        let call = crew.posts()[1].vitals.call("commit");
        assert_eq!(crew.stuck(Duration::from_mins(1)), None);
        while crew.posts()[1].vitals.in_call().is_some_and(|(_, lasted)| lasted.is_zero()) {}
        assert_eq!(crew.stuck(Duration::ZERO).as_deref(), Some("worker 1: a call to kafka (commit) has not returned for 0 s"));
        drop(call);
        assert_eq!(crew.stuck(Duration::ZERO), None);
    }
}
