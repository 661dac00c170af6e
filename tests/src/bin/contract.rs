//! Runs the contract suite against a server and prints a table; `cargo xtask contract` starts it.

#![expect(clippy::print_stdout, reason = "the table is this program's output")]

use std::process::ExitCode;

use clap::Parser;
use cueapi_tests::contract::{self, Target};

/// Checks a CueAPI server against what the SDK relies on. Deletes all that it makes, also when it is interrupted.
#[derive(Parser)]
struct Args {
    /// The server, without /v1.
    #[arg(long, env = "CUEAPI_BASE_URL")]
    base_url: String,
    /// An API key of an account for tests.
    #[arg(long, env = "CUEAPI_API_KEY", hide_env_values = true)]
    api_key: String,
    /// Checks, too, what cannot be undone: the account gets another API key, which is printed, and other secrets, and an
    /// account is registered that stays.
    #[arg(long)]
    destructive: bool,
    /// Only the checks whose area or statement contains this.
    #[arg(long)]
    only: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let interrupted = async {
        // Where Ctrl-C cannot be listened for, it ends the program as it always does.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        eprintln!("interrupted: cleaning up; once more ends it at once");
        tokio::spawn(async {
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(130);
            }
        });
    };
    let target = Target::new(&args.base_url, &args.api_key)
        .destructive(args.destructive)
        .only(args.only.as_deref());
    match contract::run(target, interrupted, |row| println!("{row}")).await {
        Ok(report) => {
            println!("\n{report}");
            if let Some(key) = &report.new_key {
                println!("the account's API key is now {}", key.expose());
            }
            if report.passed() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            eprintln!("{} cannot be checked: {error}", args.base_url);
            ExitCode::FAILURE
        }
    }
}
