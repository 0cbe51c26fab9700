//! What may befall a process.

use std::thread;
use std::time::Duration;

use rand::RngExt as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use super::SESSION_MS;
use super::machine::Machine;

/// What a process ends with when SIGABRT or SIGKILL ended it, as a shell says it.
const ABORTED: i32 = 134;
const KILLED: i32 = 137;

#[derive(Clone, Debug)]
pub enum Fault {
    /// At any moment.
    Kill,
    /// At this point of the commit that comes so many passes after a start.
    Crash(&'static str, u32),
    /// For so long, which is more than the group waits.
    Pause(Duration),
    /// Asked to stop.
    Terminate,
}

impl Fault {
    /// So many: each kind once, in any order, before one comes again.
    pub fn schedule(count: usize, random: &mut ChaCha8Rng) -> Vec<Self> {
        let mut schedule = Vec::new();
        while schedule.len() < count {
            let crash = |point| Self::Crash(point, random.random_range(1..=4));
            let crashes =
                ["after-ahead", "after-produce", "after-offsets", "before-commit", "after-commit", "before-local-bookkeeping"].map(crash);
            let pause = Self::Pause(Duration::from_millis(u64::from(SESSION_MS) + random.random_range(500..2000)));
            let mut round: Vec<Self> = crashes.into_iter().chain([Self::Kill, pause, Self::Terminate]).collect();
            round.shuffle(random);
            schedule.append(&mut round);
        }
        schedule.truncate(count);
        schedule
    }

    /// Lets it happen while more inputs come; afterwards a process runs there again. What the one before ended with.
    pub fn strike(&self, machine: &mut Machine, more_inputs: impl FnOnce()) -> Option<i32> {
        match self {
            Self::Kill => {
                more_inputs();
                let exit = machine.kill();
                assert_eq!(exit, KILLED);
                machine.start_again(&[]);
                Some(exit)
            }
            Self::Crash(point, count) => {
                machine.kill();
                machine.start_again(&[("WAID_TEST_CRASH", &format!("{point}:{count}"))]);
                more_inputs();
                let exit = machine.wait();
                assert_eq!(exit, ABORTED, "{}", machine.log());
                machine.start_again(&[]);
                Some(exit)
            }
            Self::Pause(duration) => {
                machine.running().signal("STOP");
                more_inputs();
                thread::sleep(*duration);
                machine.running().signal("CONT");
                None
            }
            Self::Terminate => {
                more_inputs();
                machine.running().signal("TERM");
                let exit = machine.wait();
                // In the middle of other faults the last commit may fail; it must say so then.
                assert!(exit == 0 || (exit == 1 && machine.log().contains("was told to stop and failed")), "{exit}\n{}", machine.log());
                machine.start_again(&[]);
                Some(exit)
            }
        }
    }
}
