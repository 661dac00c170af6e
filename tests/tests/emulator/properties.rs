//! Random commands and clock jumps: whatever comes, the books balance.

mod live;
mod logins;
mod mail;
mod restart;

use std::collections::{BTreeMap, BTreeSet};

use cueapi_emulator::engine::{
    AccountId, AttemptResult, CreateCue, CueStatus, DeliveryKind, Engine, Execution, ExecutionStatus, Limits,
    OutcomeReport, PatchAccount, PatchCue, Schedule, Transport, Trigger, Uuid, VerificationMode,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use self::restart::a_restart_changes_nothing;

#[derive(Debug, Clone)]
enum Command {
    Create {
        worker: bool,
        cron: usize,
        once_in: Option<i64>,
        verified: bool,
    },
    Fire {
        cue: usize,
        send_in: i64,
    },
    SetStatus {
        cue: usize,
        active: bool,
    },
    Delete {
        cue: usize,
    },
    ClaimNext {
        worker: u8,
    },
    Claim {
        execution: usize,
        worker: u8,
    },
    Heartbeat {
        execution: usize,
    },
    WorkerHeartbeat {
        worker: u8,
    },
    Report {
        execution: usize,
        success: bool,
        proven: bool,
    },
    Verify {
        execution: usize,
        valid: bool,
    },
    VerificationPending {
        execution: usize,
    },
    Replay {
        execution: usize,
    },
    RotateSecret,
    Advance {
        seconds: i64,
        answers: u64,
    },
}

const CRONS: [&str; 5] = ["*/20 * * * *", "*/47 * * * *", "30 2 * * *", "0 9 * * 1-5", "0 0 1 * *"];

fn command() -> impl Strategy<Value = Command> {
    use Command::*;
    prop_oneof![
        2 => (any::<bool>(), 0..CRONS.len(), prop::option::weighted(0.3, 1..90_000_i64), any::<bool>())
            .prop_map(|(worker, cron, once_in, verified)| Create { worker, cron, once_in, verified }),
        4 => (0..8_usize, -100..4000_i64).prop_map(|(cue, send_in)| Fire { cue, send_in }),
        2 => (0..8_usize, any::<bool>()).prop_map(|(cue, active)| SetStatus { cue, active }),
        1 => (0..8_usize).prop_map(|cue| Delete { cue }),
        3 => (0..3_u8).prop_map(|worker| ClaimNext { worker }),
        3 => (0..40_usize, 0..3_u8).prop_map(|(execution, worker)| Claim { execution, worker }),
        3 => (0..40_usize).prop_map(|execution| Heartbeat { execution }),
        2 => (0..3_u8).prop_map(|worker| WorkerHeartbeat { worker }),
        4 => (0..40_usize, any::<bool>(), any::<bool>())
            .prop_map(|(execution, success, proven)| Report { execution, success, proven }),
        1 => (0..40_usize, any::<bool>()).prop_map(|(execution, valid)| Verify { execution, valid }),
        1 => (0..40_usize).prop_map(|execution| VerificationPending { execution }),
        2 => (0..40_usize).prop_map(|execution| Replay { execution }),
        1 => Just(RotateSecret),
        6 => (prop_oneof![0..120_i64, 0..1000_i64, 0..20_000_i64], any::<u64>())
            .prop_map(|(seconds, answers)| Advance { seconds, answers }),
    ]
}

/// The engine, and what a bystander has noted about it.
struct Bystander {
    engine: Engine,
    account: AccountId,
    now: Timestamp,
    outcomes: BTreeMap<Uuid, (bool, Timestamp)>,
    known: BTreeMap<Uuid, ExecutionStatus>,
    alerted: BTreeSet<Uuid>,
    names: usize,
}

impl Bystander {
    fn new() -> Self {
        let mut engine = Engine::new(3);
        let now = "2026-03-06T22:00:00Z".parse().unwrap();
        let account = engine.open_account(now, "a@example.com", Limits::unlimited());
        Self {
            engine,
            account,
            now,
            outcomes: BTreeMap::new(),
            known: BTreeMap::new(),
            alerted: BTreeSet::new(),
            names: 0,
        }
    }

    /// With a receiver of alerts.
    fn alerted() -> Self {
        let mut bystander = Self::new();
        let patch = PatchAccount {
            alert_webhook_url: Some("http://127.0.0.1/alerts".into()),
            ..PatchAccount::default()
        };
        bystander.engine.patch_account(bystander.account, patch).unwrap();
        bystander.engine.alert_webhook_secret(bystander.account);
        bystander
    }

    fn cue(&self, nth: usize) -> String {
        let cues = self.engine.list_cues(self.account, None, 8, 0).items;
        cues.get(nth % cues.len().max(1))
            .map_or_else(String::new, |cue| cue.id.to_string())
    }

    fn execution(&self, nth: usize) -> String {
        self.engine
            .executions()
            .rev()
            .nth(nth)
            .map_or_else(String::new, |execution| execution.id.to_string())
    }

    fn carry_out(&mut self, command: Command) {
        let (account, now) = (self.account, self.now);
        match command {
            Command::Create {
                worker,
                cron,
                once_in,
                verified,
            } => {
                self.names += 1;
                let schedule = match once_in {
                    Some(seconds) => Schedule::at(now + SignedDuration::from_secs(seconds)),
                    None => Schedule::cron(CRONS[cron]).timezone("America/New_York"),
                };
                let name = format!("cue-{}", self.names);
                let mut cue = match worker {
                    true => CreateCue::worker(&name, schedule),
                    false => CreateCue::webhook(&name, schedule, "http://127.0.0.1/"),
                };
                cue.verification = verified.then_some(VerificationMode::RequireExternalId);
                cue.on_failure.pause = verified;
                self.engine.create_cue(now, account, cue).unwrap();
            }
            Command::Fire { cue, send_in } => {
                let send_at = ((now + SignedDuration::from_secs(send_in)).into(), jiff::tz::Offset::UTC);
                drop(
                    self.engine
                        .fire(now, account, &self.cue(cue), (send_in > 0).then_some(send_at)),
                );
            }
            Command::SetStatus { cue, active } => {
                let status = Some(if active { CueStatus::Active } else { CueStatus::Paused });
                let patch = PatchCue {
                    status,
                    ..PatchCue::default()
                };
                let _ = self.engine.patch_cue(now, account, &self.cue(cue), patch).map(|_| ());
            }
            Command::Delete { cue } => {
                let cue = self.cue(cue);
                let gone = |execution: &&Execution| *execution.cue_id == *cue;
                let gone: Vec<_> = self
                    .engine
                    .executions()
                    .filter(gone)
                    .map(|execution| execution.id)
                    .collect();
                if self.engine.delete_cue(account, &cue).is_ok() {
                    for id in gone {
                        self.known.remove(&id);
                        self.outcomes.remove(&id);
                    }
                }
            }
            Command::ClaimNext { worker } => {
                if let Ok(id) = self.engine.claim_next(now, account, &format!("w{worker}")) {
                    self.claimed(id, worker);
                }
            }
            Command::Claim { execution, worker } => {
                let id = self.execution(execution);
                if let Ok(id) = self.engine.claim(now, account, &id, &format!("w{worker}")) {
                    self.claimed(id, worker);
                }
            }
            Command::Heartbeat { execution } => {
                drop(
                    self.engine
                        .execution_heartbeat(now, account, &self.execution(execution), None),
                );
            }
            Command::WorkerHeartbeat { worker } => {
                self.engine
                    .worker_heartbeat(now, account, &format!("w{worker}"), None)
                    .unwrap();
            }
            Command::Report {
                execution,
                success,
                proven,
            } => {
                let id = self.execution(execution);
                let external_id = proven.then(|| "x".to_owned());
                let report = OutcomeReport {
                    success,
                    external_id,
                    ..OutcomeReport::default()
                };
                if let Ok((id, _)) = self.engine.report_outcome(now, account, &id, report) {
                    assert!(
                        self.outcomes.insert(id, (success, now)).is_none(),
                        "an outcome is written once"
                    );
                }
            }
            Command::Verify { execution, valid } => {
                drop(
                    self.engine
                        .verify(now, account, &self.execution(execution), valid, None),
                );
            }
            Command::VerificationPending { execution } => {
                drop(
                    self.engine
                        .verification_pending(now, account, &self.execution(execution)),
                );
            }
            Command::Replay { execution } => drop(self.engine.replay(now, account, &self.execution(execution))),
            Command::RotateSecret => drop(self.engine.rotate_webhook_secret(account)),
            Command::Advance { seconds, answers } => self.advance(SignedDuration::from_secs(seconds), answers),
        }
    }

    fn claimed(&self, id: Uuid, worker: u8) {
        assert_eq!(
            self.known.get(&id),
            Some(&ExecutionStatus::Pending),
            "only what is pending can be claimed"
        );
        let execution = self.engine.execution(self.account, &id.to_string()).unwrap();
        assert_eq!(execution.claimed_by_worker.as_deref(), Some(&*format!("w{worker}")));
    }

    fn advance(&mut self, by: SignedDuration, mut answers: u64) {
        let end = self.now + by;
        while let Some(due) = self.engine.next_due().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            while let Some(delivery) = self.engine.poll(self.now) {
                if let DeliveryKind::Alert { alert_id, .. } = delivery.kind {
                    assert!(self.alerted.insert(alert_id), "an alert is sent once");
                }
                answers = answers.rotate_left(7).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let result = match answers % 4 {
                    0 => AttemptResult::Status(200),
                    1 => AttemptResult::Status(500),
                    2 => AttemptResult::Timeout,
                    // Its answer is lost.
                    _ => continue,
                };
                self.engine.delivered(self.now, delivery.id, result);
            }
        }
        self.now = end;
        for cue in self.engine.list_cues(self.account, Some("active"), usize::MAX, 0).items {
            assert!(
                cue.next_run.is_none_or(|next| next > self.now),
                "the next run of an active cue is to come"
            );
        }
    }

    /// What must be true at any time.
    fn check(&mut self) {
        let executions: Vec<_> = self.engine.executions().cloned().collect();
        let ids: BTreeSet<_> = executions.iter().map(|execution| execution.id).collect();
        assert!(self.known.keys().all(|id| ids.contains(id)), "no execution is lost");
        for execution in &executions {
            let id = execution.id;
            let noted = self.outcomes.get(&id).copied();
            let stands = execution
                .outcome
                .as_ref()
                .map(|outcome| (outcome.report.success, outcome.recorded_at));
            assert_eq!(stands, noted, "an outcome stands as it was first reported");
            assert_eq!(execution.outcome.is_some(), execution.outcome_state.is_some());
            if execution.status.is_terminal() {
                assert!(execution.next_retry.is_none() || execution.outcome.is_some());
            }
            self.known.insert(id, execution.status);
        }
        let alerts: BTreeSet<_> = self.engine.alerts(self.account).map(|alert| alert.id).collect();
        assert!(self.alerted.is_subset(&alerts), "an alert that was sent is listed");
        let cues = self.engine.list_cues(self.account, None, usize::MAX, 0).items;
        let open = cues
            .iter()
            .filter(|cue| matches!(cue.status, CueStatus::Active | CueStatus::Paused))
            .count();
        assert_eq!(
            self.engine.account(self.account).unwrap().open_cues(),
            open,
            "the count of open cues is right"
        );
        for cue in cues {
            let own = || executions.iter().filter(|execution| execution.cue_id == cue.id);
            let scheduled = own()
                .filter(|execution| execution.triggered_by == Trigger::Scheduled)
                .count();
            assert_eq!(
                usize::try_from(cue.fired_count).unwrap(),
                scheduled,
                "each scheduled run is counted"
            );
            let page = self.engine.cue_executions(cue, usize::MAX, 0);
            assert_eq!((page.total, page.items.len()), (own().count(), own().count()));
            if cue.transport == Transport::Worker {
                let pending = own()
                    .filter(|execution| execution.status == ExecutionStatus::Pending)
                    .count();
                let listed = (self.engine.claimable(self.account))
                    .filter(|(row, _)| row.cue_id == cue.id)
                    .count();
                assert!(listed == pending || listed <= 50, "what is pending can be claimed");
            } else {
                let attempts: u32 = own().map(|execution| execution.attempts).sum();
                assert_eq!(cue.run_count, attempts, "each attempt is counted");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_books_balance_after_every_command(commands in prop::collection::vec(command(), 1..150)) {
        let mut bystander = Bystander::alerted();
        for command in commands {
            bystander.carry_out(command);
            bystander.check();
        }
        bystander.advance(SignedDuration::ZERO, 0);
        let alerts = bystander.engine.alerts(bystander.account).count();
        prop_assert_eq!(alerts, bystander.alerted.len(), "every alert is sent");
    }

    #[test]
    fn an_engine_made_of_its_saved_rows_goes_on_as_if_nothing_had_happened(
        commands in prop::collection::vec(command(), 1..80),
        pause in 1..12_usize,
    ) {
        let step = |bystander: &mut Bystander, command| {
            bystander.carry_out(command);
            bystander.check();
        };
        a_restart_changes_nothing(Bystander::new, |bystander| &mut bystander.engine, step, commands, pause);
    }
}
