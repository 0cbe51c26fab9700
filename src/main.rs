//! Arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    match waid::cli::main(std::env::args_os()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let code = failure.exit_code();
            eprintln!("waid: {:#}", anyhow::Error::new(failure));
            code
        }
    }
}
