//! Arguments in, exit code out.

use std::process::ExitCode;

/// Rows and events are made of many small pieces that live long or die at once, on threads of their own.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    match waid::cli::main(std::env::args_os()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let code = failure.exit_code();
            waid::cli::tell_the_end(&format!("{:#}", anyhow::Error::new(failure)));
            code
        }
    }
}
