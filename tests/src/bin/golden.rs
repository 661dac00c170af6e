//! Checks files of captured exchanges: `golden FILE…`. `cargo xtask golden` runs it.

#![expect(clippy::print_stdout, reason = "what the command reports")]

use std::{path::Path, process::ExitCode};

use cueapi_tests::golden;

fn main() -> ExitCode {
    let mut agree = true;
    for file in std::env::args().skip(1) {
        match golden::check_file(Path::new(&file)) {
            Ok(report) => {
                print!("{file}: {report}");
                agree &= report.differing.is_empty();
            }
            Err(error) => {
                println!("{file}: cannot be read: {error}");
                agree = false;
            }
        }
    }
    if agree { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
