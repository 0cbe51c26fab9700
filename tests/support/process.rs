//! A child process that cannot outlive the test process, however that ends, and that takes its directory with it.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{fs, mem};

use anyhow::{Context, Result};
use tempfile::TempDir;

/// Runs `"$@"` until it ends or standard input does. That input is a pipe whose other end only the test process holds, so the system
/// closes it at any death of that process, `kill -9` included. A file named `exit` says that the command ended by itself.
const KEEPER: &str = r#"
dir=$1; shift
exec 3<&0
"$@" >"$dir/log" 2>&1 </dev/null 3<&- &
child=$!
{ read -r line <&3; [ -e "$dir/exit" ] || kill -9 $child; } &
wait $child
echo $? >"$dir/exit"
wait
rm -rf "$dir"
"#;

const TAIL_LINES: usize = 30;
const ERROR_LINES_MAX: usize = 10;

pub struct Process {
    keeper: Child,
    directory: PathBuf,
}

impl Process {
    /// Starts `command` in its own process group (an interrupt from the terminal reaches only the tests). From here on the directory
    /// belongs to the process and is removed after its end.
    pub fn start(directory: TempDir, command: &[&str]) -> Result<Self> {
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(directory.path())
            .args(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context("cannot run `sh`")?;
        Ok(Self { keeper, directory: directory.keep() })
    }

    /// The id of the command's process, the first that the keeper started; none before that and after its end.
    pub fn pid(&self) -> Option<u32> {
        let keeper = self.keeper.id();
        let children = fs::read_to_string(format!("/proc/{keeper}/task/{keeper}/children")).ok()?;
        children.split_whitespace().next()?.parse().ok()
    }

    pub fn has_ended(&self) -> bool {
        self.directory.join("exit").exists()
    }

    /// What the process ended with, once it has; above 128 a signal ended it.
    pub fn exit_code(&self) -> Option<i32> {
        fs::read_to_string(self.directory.join("exit")).ok()?.trim().parse().ok()
    }

    /// Where it runs: what it wrote there is gone after its end.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// All that the process wrote so far.
    pub fn log(&self) -> String {
        read_log(&self.directory)
    }

    /// The lines that are most likely to tell why it failed: the first errors and the last lines.
    pub fn log_excerpt(&self) -> String {
        let log = self.log();
        let errors = log.lines().filter(|line| line.contains(" ERROR ") || line.contains(" FATAL ")).take(ERROR_LINES_MAX);
        let tail = log.lines().skip(log.lines().count().saturating_sub(TAIL_LINES));
        errors.chain(["[...]"]).chain(tail).collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        mem::drop(self.keeper.stdin.take());
        // The keeper ends by itself now; a failure to wait for it leaves at worst a zombie entry until the tests end.
        let _ = self.keeper.wait();
    }
}

fn read_log(directory: &Path) -> String {
    fs::read(directory.join("log")).map_or_else(|_| String::new(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
}
