//! What the emulator costs: a year of a five-minute cron, a tick among many cues, requests a second beside a Python server.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench reports on standard output and stops when it fails"
)]

#[path = "emulator/requests.rs"]
mod requests;
#[path = "emulator/tick.rs"]
mod tick;
#[path = "emulator/year.rs"]
mod year;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` only wants to know whether it runs.
    let thorough = arguments.iter().any(|argument| argument == "--bench");
    // `cargo bench … -- tick` measures only that.
    let only = arguments.iter().find(|argument| !argument.starts_with('-'));
    let wanted = |name| only.is_none_or(|only| only == name);
    if wanted("year") {
        year::measure(if thorough { 365 } else { 1 });
    }
    if wanted("tick") {
        tick::measure(if thorough { 1_000_000 } else { 1_000 });
    }
    if wanted("requests") {
        requests::measure(thorough);
    }
}
