//! The `cueapi-emulator` program.

use std::{
    error::Error,
    io::{self, Write as _},
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::Parser;
use cueapi_emulator::{Clock, Cors, Emulator, engine::Limits, faults::Fault};
use jiff::{Span, SpanRelativeTo};
use tokio::signal::unix::{SignalKind, signal};
use url::Host;

/// A CueAPI server on your desk: schedules, retries, claims and signed webhooks, with nothing to install.
#[derive(Parser)]
#[command(version, after_help = AFTER_HELP)]
struct Arguments {
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 8000)]
    port: u16,
    /// Address to listen on, or a name of one
    #[arg(long, default_value = "127.0.0.1", value_parser = parse_host, value_name = "ADDRESS|NAME")]
    host: Host,
    /// API key of the account, in the place of a made-up one or of the one in --data; no other way sets it
    #[arg(long, value_parser = parse_key)]
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
    /// What ids, keys and secrets are drawn from: the same seed and the same requests give the same ones
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Directory to keep the state in, so that it outlives the program; without it, memory only. Nobody else can read it. A change
    /// that cannot be written is answered with 500, stays in memory, and is written with the next one that can be
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// How far back runs are made up for that were missed while the program or the machine was off, such as 90m or 7d; 100,000
    /// runs at most, and what is skipped is said on stderr
    #[arg(long, default_value = "1d", value_parser = parse_duration, value_name = "TIME|0")]
    catch_up: Duration,
    /// Something to go wrong, such as cues.fire:answer-lost or deliveries:status=503,always,chance=0.1; may be repeated
    #[arg(long = "fault", value_name = "WHERE:WHAT[,WHEN]")]
    faults: Vec<Fault>,
    /// Which web pages may call the API: none but the emulator's own, or any, as a CueAPI server allows. With `any`, each
    /// page open in a browser on this machine can register an account and have requests sent to whatever this machine reaches
    #[arg(long, default_value = "same-origin", value_parser = parse_cors, value_name = "same-origin|any")]
    cors: Cors,
    /// Another name that callers have for this address, beside localhost; may be repeated
    #[arg(long = "allowed-host", value_parser = parse_host, value_name = "NAME")]
    allowed_hosts: Vec<Host>,
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

/// An address may stand in brackets, as in a URL.
fn parse_host(text: &str) -> Result<Host, String> {
    let address = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    match address.parse() {
        Ok(IpAddr::V4(address)) => Ok(Host::Ipv4(address)),
        Ok(IpAddr::V6(address)) => Ok(Host::Ipv6(address)),
        Err(_) => Host::parse(text).map_err(|_| "expected a name or an address, without a port".into()),
    }
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let span = if text == "0" {
        Ok(Span::new())
    } else {
        text.parse::<Span>()
    };
    span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()))
        .ok()
        .and_then(|duration| duration.try_into().ok())
        .ok_or_else(|| "expected a time such as 90m, 24h or 7d, or 0".into())
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
    let text = text.trim();
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

/// Where to listen. Of a name with several addresses that of IPv4, which is what is written out most.
async fn resolve(host: &Host, port: u16) -> Result<SocketAddr, String> {
    let name = match host {
        Host::Ipv4(address) => return Ok((*address, port).into()),
        Host::Ipv6(address) => return Ok((*address, port).into()),
        Host::Domain(name) => name,
    };
    let found = tokio::net::lookup_host((name.as_str(), port)).await;
    let found = found.map_err(|error| format!("cannot find the address of {name}: {error}"))?;
    found
        .min_by_key(SocketAddr::is_ipv6)
        .ok_or_else(|| format!("{name} has no address"))
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let address = resolve(&arguments.host, arguments.port).await?;
    let mut builder = Emulator::builder()
        .address(address)
        .catch_up(arguments.catch_up)
        .clock(arguments.clock)
        .ssrf_checks(arguments.ssrf_checks)
        .limits(arguments.limits)
        .cors(arguments.cors)
        .on_email(|mail| drop(writeln!(io::stderr(), "mail to {}: {}", mail.to, mail.link)));
    if let Host::Domain(name) = &arguments.host {
        builder = builder.allowed_host(name);
    }
    if let Some(RateLimit(requests)) = arguments.rate_limit {
        builder = builder.rate_limit(requests);
    }
    for name in &arguments.allowed_hosts {
        builder = builder.allowed_host(&name.to_string());
    }
    for fault in arguments.faults {
        builder = builder.fault(fault);
    }
    if let Some(seed) = arguments.seed {
        builder = builder.seed(seed);
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
    if !arguments.page && !arguments.no_page && !address.ip().is_loopback() {
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
