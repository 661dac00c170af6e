//! What an emulator costs a test before its first line: the time until it answers.

use std::time::{Duration, Instant};

use cueapi_emulator::{Clock, Emulator};

const STARTS: usize = 1_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let clock = Clock::held("2026-03-02T08:00:00Z".parse()?);
    let mut times: Vec<Duration> = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        let started = Instant::now();
        let emulator = Emulator::builder().clock(clock).start().await?;
        drop(tokio::net::TcpStream::connect(emulator.address()).await?);
        times.push(started.elapsed());
    }
    times.sort();
    println!(
        "{STARTS} starts: median {:?}, slowest {:?}",
        times[STARTS / 2],
        times[STARTS - 1]
    );
    Ok(())
}
