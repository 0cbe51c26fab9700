//! Being told to stop.

use super::Failure;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

/// The exit code of a process that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// While this lives, Ctrl-C or SIGTERM ends the process: nothing was begun that would have to be ended in order.
pub struct Beginning(Arc<AtomicBool>);

impl Beginning {
    /// From now on.
    pub fn watch() -> Result<Self, Failure> {
        let begins = Arc::new(AtomicBool::new(true));
        let still = Arc::clone(&begins);
        on_signals(move || {
            if still.load(Ordering::Relaxed) {
                tracing::info!("told to stop before it had begun");
                std::process::exit(0);
            }
        })?;
        Ok(Self(begins))
    }
}

impl Drop for Beginning {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// A flag that Ctrl-C or SIGTERM sets; a second one ends the process at once.
pub fn flag() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    on_signals(move || {
        if told.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED);
        }
    })?;
    Ok(stop)
}

/// Does this at each Ctrl-C or SIGTERM, in a thread of its own.
fn on_signals(act: impl Fn() + Send + 'static) -> Result<(), Failure> {
    let listen = move || -> io::Result<()> {
        Builder::new_current_thread().enable_io().build()?.block_on(async {
            let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                act();
            }
        })
    };
    thread::Builder::new().name("signals".to_owned()).spawn(listen).map(drop).map_err(Failure::failed)
}
