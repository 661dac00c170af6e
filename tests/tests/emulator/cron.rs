//! The emulator's cron against Python's croniter: a checked-in sample of its answers, edges of daylight saving included.

use cueapi_emulator::engine::{CreateCue, Engine, Limits, Moment, Refusal, Schedule};
use jiff::Timestamp;

/// Made by `cargo xtask cron --write-sample`. `cargo xtask cron` points `CRONITER_ANSWERS` at a larger file.
const SAMPLE: &str = include_str!("../../fixtures/cron/sample.tsv");

/// What the emulator says, in the words of the sample.
fn answer(expression: &str, zone: &str, start: Timestamp, runs: usize) -> String {
    let mut engine = Engine::new(1);
    let account = engine.open_account(start, "cron@example.com", Limits::unlimited());
    let cue = CreateCue::worker("cron", Schedule::cron(expression).timezone(zone));
    let id = match engine.create_cue(start, account, cue) {
        Ok((cue, _)) => cue.id.clone(),
        Err(Refusal::Internal) => return "never".into(),
        Err(_) => return "invalid".into(),
    };
    let mut found = Vec::new();
    while let Some(run) = engine
        .cue(account, &id)
        .unwrap()
        .next_run
        .map(Moment::due)
        .filter(|_| found.len() < runs)
    {
        found.push(run.as_second().to_string());
        while engine.next_due().is_some_and(|due| due <= run) {
            assert!(engine.poll(run).is_none(), "a worker's cue sends nothing");
        }
    }
    found.join("\t")
}

#[test]
fn cron_fires_when_croniter_says() {
    let larger = std::env::var_os("CRONITER_ANSWERS").map(|path| std::fs::read_to_string(path).unwrap());
    let (mut compared, mut wrong) = (0, Vec::new());
    for line in larger.as_deref().unwrap_or(SAMPLE).lines() {
        let mut parts = line.splitn(4, '\t');
        let mut next = || parts.next().unwrap();
        let (expression, zone, start, expected) = (next().replace("\\t", "\t"), next(), next(), next());
        let start = Timestamp::from_second(start.parse().unwrap()).unwrap();
        let runs = expected.split('\t').count();
        let got = answer(&expression, zone, start, runs);
        compared += 1;
        if got != expected {
            wrong.push(format!(
                "{expression:?} in {zone} from {start}: {got:?}, croniter says {expected:?}"
            ));
        }
    }
    assert!(compared > 500, "the sample is not empty");
    assert!(
        wrong.is_empty(),
        "{} of {compared} differ:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(40)].join("\n")
    );
}
