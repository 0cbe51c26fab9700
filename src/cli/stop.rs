//! Being told to stop.

use super::Failure;
use crate::runtime::supervisor::Signals;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::unbounded_channel;

/// The exit code of a process that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// While this lives, Ctrl-C or SIGTERM ends the process: nothing was begun that would have to be ended in order.
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

/// A flag that Ctrl-C or SIGTERM sets; a second one ends the process at once.
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

/// Does this at each Ctrl-C or SIGTERM, in a thread of its own, from now on.
fn on_signals(act: impl Fn(&'static str) + Send + 'static) -> Result<(), Failure> {
    let (told, ready) = mpsc::channel();
    let listen = move || -> io::Result<()> {
        Builder::new_current_thread().enable_io().build()?.block_on(async {
            let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            let _ = told.send(());
            loop {
                let signal = tokio::select! {
                    _ = interrupt.recv() => "SIGINT",
                    _ = terminate.recv() => "SIGTERM",
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_signal_that_comes_when_nobody_listens_yet_is_not_lost() {
        let test = "cli::stop::tests::a_process_that_is_told_to_stop";
        let told =
            Command::new(std::env::current_exe().expect("this one")).args(["--ignored", "--exact", test]).output().expect("a process");
        assert!(told.status.success(), "{told:?}");
        assert!(String::from_utf8_lossy(&told.stdout).contains("1 passed"), "{told:?}");
    }

    #[test]
    #[ignore = "a process of its own, which the test above starts: it listens to all signals from then on"]
    fn a_process_that_is_told_to_stop() {
        let mut signals = Beginning::watch().expect("signals are to be had").end();
        for signal in ["SIGTERM", "SIGINT"] {
            let sent = Command::new("kill").args(["-s", &signal["SIG".len()..], &std::process::id().to_string()]).status();
            assert!(sent.is_ok_and(|status| status.success()));
            assert_eq!(signals.blocking_recv(), Some(signal));
        }
    }
}
