//! Being told to stop.

use super::Failure;
use crate::runtime::supervisor::Signals;
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::unbounded_channel;

/// The exit code of a process that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// While this lives, Ctrl-C, SIGTERM or a terminal that closes ends the process: nothing was begun that would have to be ended in order.
pub struct Beginning {
    lasts: Arc<AtomicBool>,
    signals: Signals,
}

impl Beginning {
    /// From now on.
    pub fn watch() -> Result<Self, Failure> {
        let (lasts, (tell, signals)) = (Arc::new(AtomicBool::new(true)), unbounded_channel());
        let still = Arc::clone(&lasts);
        on_signals(move |signal| {
            if still.load(Ordering::Relaxed) {
                tracing::info!(signal, "told to stop before it had begun");
                std::process::exit(0);
            }
            // If nobody listens any more, it ends anyway.
            let _ = tell.send(signal);
        })?;
        Ok(Self { lasts, signals })
    }

    /// From now on there is something to end in order, by whoever gets the signals. None is lost meanwhile.
    pub fn end(self) -> Signals {
        self.lasts.store(false, Ordering::Relaxed);
        self.signals
    }
}

/// A flag that Ctrl-C, SIGTERM or a terminal that closes sets; a second one ends the process at once.
pub fn flag() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    on_signals(move |_| {
        if told.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED);
        }
    })?;
    Ok(stop)
}

/// Does this at each Ctrl-C or SIGTERM, and when the terminal closes, in a thread of its own, from now on.
fn on_signals(act: impl Fn(&'static str) + Send + 'static) -> Result<(), Failure> {
    let (told, ready) = mpsc::channel();
    let listen = move || -> io::Result<()> {
        Builder::new_current_thread().enable_io().build()?.block_on(async {
            let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            let mut hangup = if outlives_terminal() { None } else { Some(signal(SignalKind::hangup())?) };
            let _ = told.send(());
            loop {
                let signal = tokio::select! {
                    _ = interrupt.recv() => "SIGINT",
                    _ = terminate.recv() => "SIGTERM",
                    () = hung_up(&mut hangup) => "SIGHUP",
                };
                act(signal);
            }
        })
    };
    let listener = thread::Builder::new().name("signals".to_owned()).spawn(listen).map_err(Failure::failed)?;
    match ready.recv() {
        Ok(()) => Ok(()),
        Err(_) => listener.join().expect("it only listens").map_err(Failure::failed),
    }
}

/// Whether it was started so that a terminal that closes does not end it, as `nohup` does. Where that cannot be known it is left alone.
fn outlives_terminal() -> bool {
    #[cfg(target_os = "linux")]
    {
        const SIGHUP_BIT: u64 = 1;
        let status = procfs::process::Process::myself().and_then(|process| process.status());
        status.is_ok_and(|status| status.sigign & SIGHUP_BIT != 0)
    }
    #[cfg(not(target_os = "linux"))]
    true
}

async fn hung_up(hangup: &mut Option<Signal>) {
    match hangup {
        Some(hangup) => drop(hangup.recv().await),
        None => pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_signal_that_comes_when_nobody_listens_yet_is_not_lost() {
        passes(Command::new(std::env::current_exe().expect("this one")), "a_process_that_is_told_to_stop");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_terminal_that_closes_ends_no_process_that_is_to_outlive_it() {
        let mut nohup = Command::new("nohup");
        nohup.arg(std::env::current_exe().expect("this one"));
        passes(nohup, "a_process_that_outlives_its_terminal");
    }

    fn passes(mut program: Command, test: &str) {
        let told = program.args(["--ignored", "--exact", &format!("cli::stop::tests::{test}")]).output().expect("a process");
        assert!(told.status.success(), "{told:?}");
        assert!(String::from_utf8_lossy(&told.stdout).contains("1 passed"), "{told:?}");
    }

    #[test]
    #[ignore = "a process of its own, which a test above starts: it listens to all signals from then on"]
    fn a_process_that_is_told_to_stop() {
        // Also the tests may be run under `nohup`.
        let hangup = if outlives_terminal() { None } else { Some("SIGHUP") };
        assert!(taken(["TERM", "INT", "HUP"]).into_iter().eq(["SIGTERM", "SIGINT"].into_iter().chain(hangup)));
    }

    #[test]
    #[ignore = "a process of its own, which a test above starts"]
    fn a_process_that_outlives_its_terminal() {
        assert_eq!(taken(["HUP", "TERM"]), ["SIGTERM"]);
    }

    /// Of these signals, sent one after the other, those that are taken.
    fn taken<const N: usize>(sent: [&str; N]) -> Vec<&'static str> {
        let mut signals = Beginning::watch().expect("signals are to be had").end();
        let mut taken = Vec::new();
        for signal in sent {
            let sent = Command::new("kill").args(["-s", signal, &std::process::id().to_string()]).status();
            assert!(sent.is_ok_and(|status| status.success()));
            if signal == "HUP" && outlives_terminal() {
                continue;
            }
            taken.push(signals.blocking_recv().expect("the listener lives"));
        }
        taken
    }
}
