//! Runs the contract suite against a server and prints a table; `cargo xtask contract` starts it.

#![expect(clippy::print_stdout, reason = "the table is this program's output")]

use std::{error::Error, process::ExitCode};

use clap::{Parser, ValueEnum};
use cueapi_tests::contract::{self, Target, hosted};

/// Checks a CueAPI server against what the SDK relies on, and deletes all that it made, also when it is interrupted.
///
/// Makes cues, fires them, claims, reports outcomes, and reads everything back. Prints a row for each check (pass, FAIL or skip,
/// with what was expected and what was seen) and whether the server looks hosted or self-hosted; fails when a check does.
/// Use an account of its own: the checks count against its rate limit and its month. What no server lets anybody delete stays:
/// alerts, and messages between agents that are gone. To try it:
///
///   cargo run -p cueapi-emulator                                    prints a base URL and a key
///
///   CUEAPI_API_KEY=… cargo xtask contract --base-url http://127.0.0.1:…
#[derive(Parser)]
#[command(name = "cargo xtask contract", bin_name = "cargo xtask contract")]
struct Args {
    /// What to find out.
    #[arg(long, value_enum, default_value_t = Profile::SelfHosted)]
    profile: Profile,
    /// The server, without /v1. With --profile hosted the default is the hosted service.
    #[arg(long, env = "CUEAPI_BASE_URL")]
    base_url: Option<String>,
    /// An API key of an account for tests; in the environment it shows in no list of processes.
    #[arg(long, env = "CUEAPI_API_KEY", hide_env_values = true)]
    api_key: String,
    /// With --profile hosted: makes a cue, too, fires it, reports an outcome, and deletes the cue.
    #[arg(long)]
    write: bool,
    /// Checks, too, what cannot be undone: the account gets another API key, which is printed, and other secrets, and an
    /// account is registered that stays.
    #[arg(long)]
    destructive: bool,
    /// Only the checks whose area or statement contains this.
    #[arg(long)]
    only: Option<String>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Profile {
    /// Whether a server does what the SDK relies on.
    SelfHosted,
    /// Which of its documented forms each answer of the hosted service has. Only reads, unless --write is given. The report has
    /// no ids, keys or payloads: send it in where something is marked with an exclamation mark.
    Hosted,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let hosted = args.profile == Profile::Hosted;
    let Some(base_url) = args.base_url.as_deref().or(hosted.then_some("https://api.cueapi.ai")) else {
        eprintln!("no server is named: pass --base-url, or set CUEAPI_BASE_URL");
        return ExitCode::FAILURE;
    };
    let target = Target::new(base_url, &args.api_key)
        .destructive(args.destructive)
        .only(args.only.as_deref());
    let passed = if hosted {
        survey(target, args.write).await
    } else {
        suite(target).await
    };
    match passed {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{base_url} cannot be checked: {error}");
            ExitCode::FAILURE
        }
    }
}

type Passed = Result<bool, Box<dyn Error + Send + Sync>>;

async fn suite(target: Target<'_>) -> Passed {
    let report = contract::run(target, interrupted(), |row| println!("{row}")).await?;
    println!("\n{report}");
    if let Some(key) = &report.new_key {
        println!("the account's API key is now {}", key.expose());
    }
    Ok(report.passed())
}

async fn survey(target: Target<'_>, write: bool) -> Passed {
    let report = hosted::run(target, write, interrupted(), |answer| eprintln!("{answer}")).await?;
    println!("\n{report}");
    if !report.passed() {
        eprintln!("please send this report in: https://github.com/cueapi/cueapi-rust/issues");
    }
    Ok(report.passed())
}

async fn interrupted() {
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
}
