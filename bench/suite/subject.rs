//! A process that is measured: started, watched from outside, stopped.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::support::{Process, broker, wait_until};

/// In which `/proc/PID/stat` counts: hundredths of a second on every architecture.
const TICKS_A_SECOND: f64 = 100.0;

/// A process that is watched from outside. It is killed on drop, and when this process ends in any way.
pub struct Subject {
    process: Process,
    pid: u32,
}

/// What a process has used since its start.
#[derive(Clone, Copy)]
pub struct Usage {
    /// User and system time, s, to 0.01.
    pub cpu_seconds: f64,
    /// The most memory that was resident at once, MiB.
    pub peak_mib: f64,
}

impl Subject {
    /// Starts a command.
    pub fn start(command: &[&str]) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("waid-bench-").tempdir()?;
        let file = directory.path().join("pid");
        let path = file.display().to_string();
        // The shell becomes the command, so its process id is the command's.
        let shell = ["sh", "-c", r#"echo $$ >"$0"; exec "$@""#, &path];
        let process = Process::start(directory, &[&shell, command].concat())?;
        let pid = wait_until("the process id", || fs::read_to_string(&file).ok().filter(|pid| pid.ends_with('\n')));
        Ok(Self { process, pid: pid.trim().parse()? })
    }

    /// What it has used so far.
    pub fn usage(&self) -> Result<Usage> {
        self.check()?;
        Usage::of(self.pid)
    }

    /// An error with what it said last, when it is not running any more.
    pub fn check(&self) -> Result<()> {
        if let Some(code) = self.process.exit_code() {
            bail!("the process that is measured ended with {code}; it said:\n{}", self.process.log_excerpt());
        }
        Ok(())
    }

    /// All that it said so far.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// What it said last.
    pub fn log_excerpt(&self) -> String {
        self.process.log_excerpt()
    }

    /// Asks it to stop and waits until it did, well.
    pub fn stop(&self) -> Result<()> {
        self.check()?;
        let status = Command::new("kill").args(["-s", "TERM", &self.pid.to_string()]).status().context("cannot run `kill`")?;
        let code = wait_until("the end of the process that is measured", || self.process.exit_code());
        if !status.success() || code != 0 {
            bail!("the process that is measured was asked to stop and ended with {code}; it said:\n{}", self.log_excerpt());
        }
        Ok(())
    }
}

impl Usage {
    /// Of the process with this id.
    pub fn of(pid: u32) -> Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        // The command's name, in parentheses, may hold anything; user and system time are the 12th and 13th field after it.
        let (_, fields) = stat.rsplit_once(')').context("no name in /proc/PID/stat")?;
        let ticks: Vec<f64> = fields.split_whitespace().skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM in /proc/PID/status")?;
        let kib: f64 = peak.trim().trim_end_matches(" kB").parse()?;
        Ok(Usage { cpu_seconds: ticks.iter().sum::<f64>() / TICKS_A_SECOND, peak_mib: kib / 1024.0 })
    }
}

/// User and system time that the broker has used so far, s; none if it was not started here.
pub fn broker_cpu_seconds() -> Option<f64> {
    Some(Usage::of(broker().pid()?).ok()?.cpu_seconds)
}
