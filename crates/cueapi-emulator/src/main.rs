//! The `cueapi-emulator` program.

use std::{
    error::Error,
    io::{self, Write as _},
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
};

use clap::Parser;
use cueapi_emulator::{Clock, Cors, Emulator, engine::Limits, faults::Fault};
use tokio::signal::unix::{SignalKind, signal};

/// A CueAPI server on your desk: schedules, retries, claims and signed webhooks, with nothing to install.
#[derive(Parser)]
#[command(version, after_help = AFTER_HELP)]
struct Arguments {
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 8000)]
    port: u16,
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// API key of the account; one is made up without it
    #[arg(long, env = "CUEAPI_API_KEY", hide_env_values = true, value_parser = parse_key)]
    api_key: Option<String>,
    /// What the account may do: as on the free plan, or anything
    #[arg(long, default_value = "free", value_parser = parse_limits, value_name = "free|off")]
    limits: Limits,
    /// Requests a minute, or `off`; without it, what --limits says
    #[arg(long, value_parser = parse_limit, value_name = "N|off")]
    rate_limit: Option<RateLimit>,
    /// Start of a clock that stands still, such as 2026-03-01T08:00:00Z; without it the system's clock is used
    #[arg(long, default_value = "system", value_parser = parse_clock, value_name = "system|TIME")]
    clock: Clock,
    /// Directory to keep the state in, so that it outlives the program; without it, memory only
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Something to go wrong, such as cues.fire:answer-lost or deliveries:status=503,always,chance=0.1; may be repeated
    #[arg(long = "fault", value_name = "WHERE:WHAT[,WHEN]")]
    faults: Vec<Fault>,
    /// Which web pages may call the API: none but the emulator's own, or any, as a CueAPI server allows. With `any`, each
    /// page open in a browser on this machine can register an account and have requests sent to whatever this machine reaches
    #[arg(long, default_value = "same-origin", value_parser = parse_cors, value_name = "same-origin|any")]
    cors: Cors,
    /// Another name that callers have for this address, beside localhost; may be repeated
    #[arg(long = "allowed-host", value_parser = parse_host, value_name = "NAME")]
    allowed_hosts: Vec<String>,
    /// Refuse callback URLs into private networks, as the public service does
    #[arg(long)]
    ssrf_checks: bool,
    /// Serve the page at / even where other machines can open it, without a key; else only on a loopback address
    #[arg(long)]
    page: bool,
    /// Do not serve the page at /
    #[arg(long, conflicts_with = "page")]
    no_page: bool,
}

const AFTER_HELP: &str = "\
Prints the base URL, the API key and the webhook secret as lines for a shell:
  rm -f emulator.env; cueapi-emulator --port 8000 > emulator.env &
  until [ -s emulator.env ]; do sleep 0.1; done; . ./emulator.env

Open the base URL in a browser to see what happens, and to move a clock that stands still.

WHERE a fault strikes is `calls`, an operation such as cues.fire, `deliveries`,
deliveries/CUE_ID, or one kind: deliveries/cue, on_failure, message, subscription or alert.
WHAT it does is, to calls: refused, stalled, answer-lost, answer-cut, answer-slow=20ms, rate-limited[=SECONDS|=TIME],
error=503, error-after=503, claimed-twice; to deliveries: refused, stalled, answer-lost, duplicated, held-back, wrong-signature, old-secret,
clock-skew=-10m, status=503. WHEN is times=N, always, after=N, chance=P; without, it strikes once.

Stops on SIGINT and SIGTERM. Exits with 1 when it cannot listen or read its data, with 2 on wrong arguments.";

#[derive(Clone, Copy)]
struct RateLimit(Option<u32>);

fn parse_limit(text: &str) -> Result<RateLimit, String> {
    match text {
        "off" => Ok(RateLimit(None)),
        number => number
            .parse()
            .map(|limit| RateLimit(Some(limit)))
            .map_err(|_| "expected a number or `off`".into()),
    }
}

fn parse_limits(text: &str) -> Result<Limits, String> {
    match text {
        "free" => Ok(Limits::free()),
        "off" => Ok(Limits::unlimited()),
        _ => Err("expected `free` or `off`".into()),
    }
}

fn parse_cors(text: &str) -> Result<Cors, String> {
    match text {
        "same-origin" => Ok(Cors::SameOrigin),
        "any" => Ok(Cors::Any),
        _ => Err("expected `same-origin` or `any`".into()),
    }
}

fn parse_host(text: &str) -> Result<String, String> {
    match url::Host::parse(text) {
        Ok(_) => Ok(text.into()),
        Err(_) => Err("expected a name or an address, without a port".into()),
    }
}

fn parse_clock(text: &str) -> Result<Clock, String> {
    match text {
        "system" => Ok(Clock::system()),
        time => time
            .parse()
            .map(Clock::held)
            .map_err(|_| "expected `system` or a moment with its offset, such as 2026-03-02T08:00:00Z".into()),
    }
}

fn parse_key(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("cue_sk_").unwrap_or_default();
    if rest.is_empty()
        || !rest
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    {
        return Err("expected `cue_sk_` and letters, digits, `_` or `-`".into());
    }
    Ok(text.into())
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut message = error.to_string();
            let mut source = error.source();
            while let Some(cause) = source {
                message.push_str(&format!(": {cause}"));
                source = cause.source();
            }
            drop(writeln!(io::stderr(), "cueapi-emulator: {message}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let mut builder = Emulator::builder()
        .address(SocketAddr::new(arguments.host, arguments.port))
        .clock(arguments.clock)
        .ssrf_checks(arguments.ssrf_checks)
        .limits(arguments.limits)
        .cors(arguments.cors)
        .on_email(|mail| drop(writeln!(io::stderr(), "mail to {}: {}", mail.to, mail.link)));
    if let Some(RateLimit(requests)) = arguments.rate_limit {
        builder = builder.rate_limit(requests);
    }
    for name in &arguments.allowed_hosts {
        builder = builder.allowed_host(name);
    }
    for fault in arguments.faults {
        builder = builder.fault(fault);
    }
    if let Some(key) = &arguments.api_key {
        builder = builder.api_key(key);
    }
    if let Some(directory) = arguments.data {
        builder = builder.data(directory);
    }
    if arguments.page || arguments.no_page {
        builder = builder.page(arguments.page);
    }
    // Before the address is printed: whoever reads it may send a signal at once.
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let emulator = builder.start().await?;
    let mut out = io::stdout();
    // In one piece: whoever waits for the file sees all of it.
    let lines = format!(
        "export CUEAPI_BASE_URL={}\nexport CUEAPI_API_KEY={}\nexport CUEAPI_WEBHOOK_SECRET={}\n",
        emulator.base_url(),
        emulator.api_key(),
        emulator.webhook_secret()
    );
    out.write_all(lines.as_bytes())?;
    out.flush()?;
    if !arguments.page && !arguments.no_page && !arguments.host.is_loopback() {
        let note =
            "cueapi-emulator: other machines can reach this address, so the page is not served; --page serves it";
        drop(writeln!(io::stderr(), "{note}"));
    }
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    emulator.shutdown().await;
    Ok(())
}
