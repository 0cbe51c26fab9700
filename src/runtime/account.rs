//! What the offset of a task is committed with, in words (`step=7;digest=00000000000000ab;of=4`): enough to notice that a replay does not do what was done,
//! or that the topic has got other partitions since.

use super::digest::Digest;
use super::task::Task;
use std::fmt;

/// What was done of a task's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// By which version of the step.
    pub step_version: u32,
    /// What was told so far.
    pub digest: Digest,
    /// How many partitions the log says there are of its topic, once it does.
    pub partitions: Option<i32>,
}

impl Account {
    /// Of what a task has done, by this version of the step.
    pub fn of(step_version: u32, task: &Task) -> Self {
        Self { step_version, digest: task.digest(), partitions: task.control().map(|control| control.repartition_partitions) }
    }

    /// From the words beside an offset; `None` if waid did not write them.
    pub fn parse(words: &str) -> Option<Self> {
        let (version, rest) = words.strip_prefix("step=")?.split_once(";digest=")?;
        let (digest, partitions) = rest.split_once(";of=").map_or((rest, None), |(digest, partitions)| (digest, Some(partitions)));
        Some(Self {
            step_version: version.parse().ok()?,
            digest: Digest(u64::from_str_radix(digest, 16).ok()?),
            partitions: partitions.map(str::parse).transpose().ok()?,
        })
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step={};digest={:016x}", self.step_version, self.digest.0)?;
        self.partitions.map_or(Ok(()), |partitions| write!(f, ";of={partitions}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_read_as_it_was_written() {
        for (step_version, digest, partitions) in [(1, 0, None), (7, 0x1234, Some(4)), (u32::MAX, u64::MAX, Some(i32::MAX))] {
            let account = Account { step_version, digest: Digest(digest), partitions };
            assert_eq!(Account::parse(&account.to_string()), Some(account));
        }
        let account = Account { step_version: 3, digest: Digest(0xab), partitions: Some(4) };
        assert_eq!(account.to_string(), "step=3;digest=00000000000000ab;of=4");
        for strange in [
            "",
            "step=1",
            "step=;digest=1",
            "digest=1;step=1",
            "step=1;digest=xyz",
            "step=-1;digest=1",
            "step=1;digest=1;of=",
            "step=1;digest=1;of=4;of=4",
            "from another tool",
        ] {
            assert_eq!(Account::parse(strange), None, "{strange}");
        }
    }
}
