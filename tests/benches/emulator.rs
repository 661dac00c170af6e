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
    // `cargo test --benches` only wants to know whether it runs.
    let thorough = std::env::args().any(|argument| argument == "--bench");
    year::measure(if thorough { 365 } else { 1 });
    tick::measure(if thorough { 1_000_000 } else { 1_000 });
    requests::measure(thorough);
}
