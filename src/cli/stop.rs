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

/// A flag that Ctrl-C or SIGTERM sets; a second one ends the process at once.
pub fn flag() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    let listen = move || -> io::Result<()> {
        Builder::new_current_thread().enable_io().build()?.block_on(async {
            let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if told.swap(true, Ordering::Relaxed) {
                    std::process::exit(INTERRUPTED);
                }
            }
        })
    };
    thread::Builder::new().name("signals".to_owned()).spawn(listen).map_err(Failure::failed)?;
    Ok(stop)
}
