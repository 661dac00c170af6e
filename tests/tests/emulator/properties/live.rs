//! Random steps of live sessions and the daemons that have them: who has what stays clear, also after a restart.

use std::collections::BTreeSet;

use cueapi_emulator::engine::{
    AccountId, Attach, AttachError, CreateAgent, Engine, Limits, Refusal, RegisterLiveSession, Uuid,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::restart::Disk;

#[derive(Debug, Clone)]
enum Step {
    Register {
        agent: usize,
        label: usize,
        cue: u8,
        is_default: bool,
    },
    Default {
        agent: usize,
        label: usize,
    },
    Detach {
        agent: usize,
        label: usize,
    },
    Heartbeat {
        agent: usize,
        label: usize,
    },
    Attach {
        agent: usize,
        label: usize,
        daemon: usize,
        token: usize,
    },
    Release {
        agent: usize,
        daemon: usize,
        token: usize,
    },
    Reconcile {
        daemon: usize,
        tokens: Vec<usize>,
    },
}

const LABELS: [&str; 2] = ["main", "second"];
const TOKENS: usize = 40;
const DAEMONS: [&str; 2] = [
    "7d444840-9dc0-4c3d-9b5e-0f6f0f3a2b1c",
    "7d444840-9dc0-4c3d-9b5e-0f6f0f3a2b1d",
];

fn step() -> impl Strategy<Value = Step> {
    use Step::*;
    let place = || (0..2_usize, 0..LABELS.len());
    prop_oneof![
        4 => (place(), 0..12_u8, any::<bool>())
            .prop_map(|((agent, label), cue, is_default)| Register { agent, label, cue, is_default }),
        2 => place().prop_map(|(agent, label)| Default { agent, label }),
        2 => place().prop_map(|(agent, label)| Detach { agent, label }),
        1 => place().prop_map(|(agent, label)| Heartbeat { agent, label }),
        4 => (place(), 0..DAEMONS.len(), 0..TOKENS)
            .prop_map(|((agent, label), daemon, token)| Attach { agent, label, daemon, token }),
        1 => (0..2_usize, 0..DAEMONS.len(), 0..TOKENS)
            .prop_map(|(agent, daemon, token)| Release { agent, daemon, token }),
        1 => (0..DAEMONS.len(), prop::collection::vec(0..TOKENS, 0..3))
            .prop_map(|(daemon, tokens)| Reconcile { daemon, tokens }),
    ]
}

struct World {
    engine: Engine,
    account: AccountId,
    now: Timestamp,
    agents: [String; 2],
    cues: BTreeSet<u8>,
    /// Agent, label, daemon and token of each attachment.
    attached: BTreeSet<(usize, usize, usize, usize)>,
    /// Tokens of those that their daemon has left out.
    downgraded: BTreeSet<usize>,
    /// Tokens that were ever used.
    used: BTreeSet<usize>,
}

fn token_text(token: usize) -> Box<str> {
    format!("token-{token}").into()
}

impl World {
    fn new() -> Self {
        let now = "2026-03-06T22:00:00Z".parse().unwrap();
        let mut engine = Engine::new(3);
        let account = engine.open_account(now, "a@example.com", Limits::unlimited());
        let agents = ["one", "two"].map(|name| {
            let agent = engine.create_agent(now, account, CreateAgent::new(name)).unwrap();
            agent.id.to_string()
        });
        Self {
            engine,
            account,
            now,
            agents,
            cues: BTreeSet::new(),
            attached: BTreeSet::new(),
            downgraded: BTreeSet::new(),
            used: BTreeSet::new(),
        }
    }

    fn labels(&self, agent: usize) -> Vec<(String, bool)> {
        let sessions = self
            .engine
            .live_sessions(self.account, &self.agents[agent], false)
            .unwrap();
        sessions
            .map(|session| (session.label.to_string(), session.is_default))
            .collect()
    }

    fn has(&self, agent: usize, label: usize) -> bool {
        self.labels(agent).iter().any(|(name, _)| name == LABELS[label])
    }

    fn take(&mut self, step: Step) {
        let (account, now) = (self.account, self.now);
        match step {
            Step::Register {
                agent,
                label,
                cue,
                is_default,
            } => {
                let second = is_default && self.labels(agent).iter().any(|(_, is_default)| *is_default);
                let free = !self.has(agent, label) && !self.cues.contains(&cue) && !second;
                let register = RegisterLiveSession {
                    label: LABELS[label].into(),
                    cue_id: format!("cue_{cue}").into(),
                    task_name: "task".into(),
                    is_default,
                    monitor_version: None,
                    session_token: None,
                };
                let registered = self
                    .engine
                    .register_live_session(now, account, &self.agents[agent], register);
                assert_eq!(
                    registered.is_ok(),
                    free,
                    "a label is one session's, a cue is one session's forever, and there is one default"
                );
                if free {
                    self.cues.insert(cue);
                }
            }
            Step::Default { agent, label } => {
                // Newest first: one that comes after the default is older, which the server does not get done.
                let labels = self.labels(agent);
                let place = labels.iter().position(|(name, _)| name == LABELS[label]);
                let default = labels.iter().position(|(_, is_default)| *is_default);
                let possible = place.is_some_and(|place| default.is_none_or(|default| place <= default));
                let id = self.agents[agent].clone();
                let patched = self
                    .engine
                    .patch_live_session(account, &id, LABELS[label], Some(true), None);
                assert_eq!(patched.is_ok_and(|session| session.is_default), possible);
            }
            Step::Detach { agent, label } => {
                let known = self.has(agent, label);
                let detached = self
                    .engine
                    .detach_live_session(now, account, &self.agents[agent], LABELS[label]);
                assert_eq!(detached.is_ok(), known);
                assert!(!self.has(agent, label));
            }
            Step::Heartbeat { agent, label } => {
                let known = self.has(agent, label);
                let id = self.agents[agent].clone();
                let beat = self
                    .engine
                    .live_session_heartbeat(now, account, &id, LABELS[label], None);
                assert_eq!(beat.is_ok_and(|session| session.last_heartbeat == now), known);
            }
            Step::Attach {
                agent,
                label,
                daemon,
                token,
            } => {
                let attach = Attach {
                    label: LABELS[label].into(),
                    task_name: "task".into(),
                    token: token_text(token),
                    attached_at: None,
                    monitor_version: None,
                };
                let id = Uuid::parse(DAEMONS[daemon]).unwrap();
                let result = self.engine.attach(now, account, &self.agents[agent], id, attach);
                let holder = self
                    .attached
                    .iter()
                    .find(|row| (row.0, row.1) == (agent, label))
                    .copied();
                match (result, holder) {
                    (Err(AttachError::Exists(existing)), Some(holder)) => {
                        assert_ne!(holder.2, daemon, "a daemon replaces what is its own");
                        assert_eq!(
                            (&*existing.token, existing.daemon_id.to_string()),
                            (&*token_text(holder.3), DAEMONS[holder.2].into())
                        );
                    }
                    (Ok(attachment), holder) => {
                        assert!(holder.is_none_or(|holder| holder.2 == daemon), "and nothing else");
                        let old = holder.map(|holder| token_text(holder.3));
                        assert_eq!(attachment.supersedes_token, old);
                        holder.map(|holder| self.attached.remove(&holder));
                        self.attached.insert((agent, label, daemon, token));
                        assert!(self.used.insert(token), "a token is one attachment's forever");
                    }
                    (Err(AttachError::Refused(Refusal::Internal)), _) => {
                        assert!(self.used.contains(&token), "and nothing else is in its way");
                    }
                    (Err(error), _) => panic!("{error:?}"),
                }
            }
            Step::Release { agent, daemon, token } => {
                let id = Uuid::parse(DAEMONS[daemon]).unwrap();
                let released = self
                    .engine
                    .detach(now, account, &self.agents[agent], id, &token_text(token))
                    .unwrap();
                let before = self.attached.len();
                self.attached
                    .retain(|row| (row.0, row.2, row.3) != (agent, daemon, token));
                assert_eq!(released, self.attached.len() < before);
            }
            Step::Reconcile { daemon, tokens } => {
                let id = Uuid::parse(DAEMONS[daemon]).unwrap();
                let names: Vec<_> = tokens.iter().map(|token| token_text(*token)).collect();
                let counts = self.engine.reconcile_attachments(now, id, &names);
                let (mut named, mut downgraded) = (0, 0);
                for row in self.attached.iter().filter(|row| row.2 == daemon) {
                    if tokens.contains(&row.3) {
                        self.downgraded.remove(&row.3);
                        named += 1;
                    } else {
                        downgraded += usize::from(self.downgraded.insert(row.3));
                    }
                }
                assert_eq!(counts, (named, downgraded));
            }
        }
        self.now += SignedDuration::from_secs(1);
        for agent in 0..2 {
            let labels = self.labels(agent);
            let names: BTreeSet<_> = labels.iter().map(|(label, _)| label).collect();
            assert_eq!(names.len(), labels.len(), "a label names one session");
            assert!(
                labels.iter().filter(|(_, is_default)| *is_default).count() <= 1,
                "an agent has one default"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_stays_clear_which_daemon_has_which_session(steps in prop::collection::vec(step(), 1..80)) {
        let mut world = World::new();
        for (at, step) in steps.into_iter().enumerate() {
            world.take(step);
            if at % 7 == 0 {
                let disk = Disk::of(&mut world.engine);
                world.engine = Engine::restore(disk.rows()).unwrap();
            }
        }
    }
}
